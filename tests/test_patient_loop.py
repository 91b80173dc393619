"""The loop of the tests: what the machine takes for itself is no time."""

import asyncio
import time

import pytest


async def test_a_time_out_does_not_pass_while_the_process_is_held_up() -> None:
    async with asyncio.timeout(0.5):
        for _ in range(3):
            time.sleep(0.3)  # noqa: ASYNC251 (the machine stands still)
            await asyncio.sleep(0.01)


async def test_a_time_out_passes_while_the_process_waits() -> None:
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.Event().wait()
    assert time.monotonic() - began_s >= 0.2


async def test_a_sleep_lasts_at_least_as_long_as_asked() -> None:
    began_s = time.monotonic()
    await asyncio.sleep(0.2)
    assert time.monotonic() - began_s >= 0.2
