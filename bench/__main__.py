"""Run every benchmark: `python -m bench [ROUNDS]`. Only the ratios carry over."""

import asyncio
import sys

from bench.ingest import bench

DEFAULT_ROUNDS = 3
"""Rounds of each benchmark; the medians are shown."""

if __name__ == "__main__":
    asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS))
