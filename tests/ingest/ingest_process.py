"""The ingest process by itself, to be killed: told database, broker and client id.

With a fourth word, it listens for JT/T 808 terminals on that port.
"""

import sys

import uvloop

from gezhi.clock import utc_now
from ingest.serve import serve
from ingest.settings import IngestSettings


def main() -> None:
    database_url, mqtt_url, client_id, *jt808_port = sys.argv[1:]
    settings = IngestSettings(
        database_url=database_url,
        mqtt_url=mqtt_url,
        mqtt_client_id=client_id,
        nmea_tcp_port=0,
        nmea_udp_port=0,
        jt808_tcp_port=int(jt808_port[0]) if jt808_port else None,
    )
    uvloop.run(serve(settings, clock=utc_now))


if __name__ == "__main__":
    main()
