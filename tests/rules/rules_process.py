"""A rules worker as a process of its own, to be killed by the tests."""

import asyncio
import sys

from rules.worker.work import run_rules

if __name__ == "__main__":
    asyncio.run(run_rules(sys.argv[1], time_zone="Asia/Shanghai"))
