"""The rules process: the journal in; alarms, cases and last values out."""

import asyncio

from devices.lamp_nights import count_nights
from gezhi.processes.backtests import run_backtests
from gezhi.processes.retention import run_retention
from gezhi.settings import Settings
from rules.bundle.keep import run_bundles
from rules.correction.work import run_corrections
from rules.worker.work import run_rules
from store.telemetry.latest import fold_latest


async def run_rules_worker(settings: Settings) -> None:
    """Fold the journal into alarms, cases, last values and nights until cancelled."""
    dsn = settings.needs_database()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_rules(dsn, time_zone=settings.time_zone), name="rules")
        tasks.create_task(fold_latest(dsn), name="latest")
        tasks.create_task(
            run_corrections(dsn, time_zone=settings.time_zone), name="corrections"
        )
        tasks.create_task(
            run_bundles(dsn, time_zone=settings.time_zone), name="bundles"
        )
        tasks.create_task(run_backtests(settings), name="backtests")
        tasks.create_task(run_retention(dsn, settings.policy()), name="retention")
        tasks.create_task(
            count_nights(dsn, time_zone=settings.time_zone), name="nights"
        )
