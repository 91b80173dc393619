"""Run the benchmarks: `python -m bench [NAME …] [ROUNDS]`; only ratios carry over."""

import asyncio
import sys
from collections.abc import Callable

from bench import backtest, fences, ingest, rough_day, rules, stored_day

DEFAULT_ROUNDS = 3
"""Rounds of each benchmark; the medians are shown."""

BENCHES: dict[str, Callable[[int], None]] = {
    "ingest": lambda rounds: asyncio.run(ingest.bench(rounds)),
    "fences": fences.bench,
    "rules": rules.bench,
    "backtest": backtest.bench,
    "day": lambda _: backtest.day(),
    "rough_day": rough_day.bench,
    "stored_day": lambda _: stored_day.bench(),
}
"""By name; all of them if none is named."""

if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    names = [word for word in sys.argv[1:] if not word.isdigit()]
    for name in names or BENCHES:
        BENCHES[name](numbers[0] if numbers else DEFAULT_ROUNDS)
