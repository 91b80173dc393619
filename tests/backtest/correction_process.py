"""A look at late samples as a process of its own, to be killed by the tests."""

import asyncio
import sys

import asyncpg

from rules.correction.work import correct_one


async def main(dsn: str) -> None:
    """Look at what is due, once."""
    connection = await asyncpg.connect(dsn)
    await correct_one(connection, time_zone="Asia/Shanghai")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
