"""A calm view of cases as they are filed, one block each, for a terminal."""

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console
from rich.text import Text

from store.case_brief import CaseBrief, cases_after
from store.follow import JournalTail
from store.journal import Kind

SEVERITY_STYLE = {"critical": "bold red", "major": "yellow", "minor": "cyan"}
"""How loud a severity looks; its word is printed too."""


async def filed_cases(dsn: str, *, after_seq: int) -> AsyncIterator[CaseBrief]:
    """Yield cases as they are filed, oldest first, until the caller stops."""
    last_case, seq = 0, after_seq
    async with (
        asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool,
        JournalTail(dsn) as tail,
    ):
        while True:
            entries = await tail.entries(seq)
            if not entries:
                continue
            seq = entries[-1].seq
            if not any(entry.kind == Kind.CASE for entry in entries):
                continue
            async with pool.acquire() as connection:
                filed = await cases_after(connection, last_case)
            for brief in filed:
                last_case = brief.id
                yield brief


def print_case(console: Console, case: CaseBrief, zone: ZoneInfo) -> None:
    """Print one case: when, what, where, why, and whose it is."""
    head = Text()
    head.append(f"{case.opened_at.astimezone(zone):%H:%M:%S}  ", style="dim")
    head.append(f"{case.title_zh} {case.title_en}", style=SEVERITY_STYLE[case.severity])
    head.append(f"  {case.severity}", style="dim")
    console.print(head)
    for line in (
        f"{case.reason_zh}  {case.reason_en}",
        f"案卷 {case.number}  设备 {case.device}  单元网格 {case.cell or '—'}",
        f"责任单位 {case.unit_zh} {case.unit_en}  ({case.unit_reason})",
        f"依据 {case.rule} v{case.rule_version}  证据样本 samples {case.samples}",
    ):
        console.print(Text(f"          {line}"), soft_wrap=True)
    console.print()
