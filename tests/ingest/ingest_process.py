"""The ingest process by itself, to be killed: told database, broker and client id."""

import sys

import uvloop

from gezhi.clock import utc_now
from ingest.serve import IngestSettings, serve


def main() -> None:
    database_url, mqtt_url, client_id = sys.argv[1:]
    settings = IngestSettings(
        database_url=database_url,
        mqtt_url=mqtt_url,
        mqtt_client_id=client_id,
        nmea_tcp_port=0,
        nmea_udp_port=0,
    )
    uvloop.run(serve(settings, clock=utc_now))


if __name__ == "__main__":
    main()
