"""The ingest process by itself, to be stopped and killed: told its settings in JSON."""

import json
import sys
from pathlib import Path

from gezhi.clock import utc_now
from gezhi.processes.until_told import run_until_told
from ingest.serve import serve
from ingest.settings import IngestSettings


def main() -> None:
    words = json.loads(sys.argv[1])
    disks = [Path(place) for place in words.pop("disks", [])]
    settings = IngestSettings(**words, disks=disks)
    run_until_told(serve(settings, clock=utc_now))


if __name__ == "__main__":
    main()
