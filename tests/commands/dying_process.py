"""An ingest process that dies between saying a command and noting that it was said."""

import os
import signal

from ingest.commands import worker
from tests.ingest.ingest_process import main


async def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    worker.__dict__["note"] = die
    main()
