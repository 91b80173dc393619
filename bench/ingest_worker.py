"""The ingest process alone: told database, broker and client id."""

import sys

import uvloop

from gezhi.clock import utc_now
from ingest.serve import serve
from ingest.settings import IngestSettings

if __name__ == "__main__":
    database_url, mqtt_url, client_id = sys.argv[1:]
    uvloop.run(
        serve(
            IngestSettings(
                database_url=database_url,
                mqtt_url=mqtt_url,
                mqtt_client_id=client_id,
                nmea_tcp_port=0,
                nmea_udp_port=0,
            ),
            clock=utc_now,
        )
    )
