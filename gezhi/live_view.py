"""A calm view of cases as they are filed, one block each, for a terminal."""

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console
from rich.text import Text

from cases.request import Severity
from cases.routing import reason_words
from cases.words import SEVERITY_WORDS
from store.cases.brief import CaseBrief, cases_after
from store.connection import AWAY
from store.journal.entries import Kind
from store.journal.follow import JournalTail
from tasks.attempt import attempt

SEVERITY_STYLE = {"critical": "bold red", "major": "yellow", "minor": "cyan"}
"""How loud a severity looks; its word is printed too."""


async def filed_cases(dsn: str, *, after_seq: int) -> AsyncIterator[CaseBrief]:
    """Yield cases as they are filed, oldest first, until the caller stops."""
    last_case, seq = 0, after_seq
    async with (
        asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool,
        JournalTail(dsn) as tail,
    ):
        while True:
            entries = await tail.entries(seq)
            if not entries:
                continue
            seq = entries[-1].seq
            if not any(entry.kind == Kind.CASE for entry in entries):
                continue
            try:
                filed = await attempt(_newer(pool, last_case))
            except AWAY:
                continue  # the next case brings these too
            for brief in filed:
                last_case = brief.id
                yield brief


async def _newer(pool: asyncpg.Pool, last_case: int) -> list[CaseBrief]:
    async with pool.acquire() as connection:
        return await cases_after(connection, last_case)


def print_case(console: Console, case: CaseBrief, zone: ZoneInfo) -> None:
    """Print one case: when, what, where, why, and whose it is."""
    severity = SEVERITY_WORDS[Severity(case.severity)]
    style = SEVERITY_STYLE[case.severity]
    chosen = reason_words(case.unit_reason)
    head = Text(f"{case.opened_at.astimezone(zone):%H:%M:%S}  ")
    head.append(f"{severity.zh} {case.title_zh}  {case.title_en}", style=style)
    console.print(head, soft_wrap=True)
    for line in (
        case.reason_zh,
        case.reason_en,
        f"责任单位 {case.unit_zh}（{chosen.zh}） {case.unit_en} ({chosen.en})",
        (
            f"案卷 {case.number}  单元网格 {case.cell or '网格外'}  {case.device}  "
            f"{case.rule} v{case.rule_version}，证据样本 {case.samples}"
        ),
    ):
        console.print(Text(f"          {line}", style="default"), soft_wrap=True)
    console.print()
