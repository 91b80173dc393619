"""Explain an alarm from the command line, and decide again on a bundle."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer

from rules.bundle.bundle import Bundle, bundle_from
from rules.bundle.chain import BundleError, TamperedError
from rules.bundle.course import course_of
from rules.bundle.replay import Replayed, replay
from rules.bundle.tell import lines_of
from rules.bundle.whole import Whole, explain_alarm
from store.alarms.explained import alarm_of_case

DIFFERENT = 1
"""Exit code of a bundle that is decided otherwise, or of what is not there."""

USAGE = 2
"""Exit code of what is no bundle."""

TAMPERED = 3
"""Exit code of a bundle whose hashes are not right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A command line's words.

    Attributes:
        what: Number or id.
        is_alarm: Whether it is an alarm's.
        must_be_same: Whether another decision is a failure.
        bundle: Where to write the bundle.
        lang: zh or en; empty for both.
        as_json: Whether JSON is wanted.
    """

    what: str
    is_alarm: bool
    must_be_same: bool
    bundle: Path | None
    lang: str
    as_json: bool


def run_explain(dsn: str, wish: Wish, *, time_zone: str) -> int:
    """Print an explanation and return the exit code."""
    found = asyncio.run(_found(dsn, wish, time_zone))
    if found is None:
        typer.echo(f"gezhi: no alarm or case {wish.what}", err=True)
        return DIFFERENT
    whole, octets = found
    if wish.bundle is not None and octets:
        wish.bundle.write_bytes(octets)
    if wish.as_json:
        typer.echo(orjson.dumps(whole, option=orjson.OPT_UTC_Z))
    else:
        for line in lines_of(whole, lang=wish.lang, zone=ZoneInfo(time_zone)):
            typer.echo(line)
    return DIFFERENT if wish.must_be_same and not whole.is_same else 0


async def _found(dsn: str, wish: Wish, time_zone: str) -> tuple[Whole, bytes] | None:
    connection = await asyncpg.connect(dsn)
    try:
        if wish.is_alarm:
            alarm_id = int(wish.what) if wish.what.isdecimal() else None
        else:
            alarm_id = await alarm_of_case(connection, wish.what)
        if alarm_id is None:
            return None
        return await explain_alarm(connection, alarm_id, time_zone=time_zone)
    finally:
        await connection.close()


def run_replay(path: Path) -> int:
    """Decide again on a bundle, say what came of it, and return the exit code."""
    try:
        bundle, chain = bundle_from(path.read_bytes())
        replayed = replay(bundle)
    except TamperedError as error:
        typer.echo(f"gezhi: {path}: TAMPERED: {error}", err=True)
        return TAMPERED
    except (BundleError, OSError) as error:
        typer.echo(f"gezhi: {path}: {error}", err=True)
        return USAGE
    decided = bundle.decided
    codes = {subject.device_id: subject.code for subject in bundle.source.subjects}
    code = codes.get(decided.device_id, "?")
    typer.echo(f"{decided.rule}@{decided.rule_version}, {code}")
    for step in course_of(bundle, replayed):
        typer.echo(f"  {step.at:%Y-%m-%d %H:%M:%S}Z  {step.zh}  |  {step.en}")
    typer.echo(_told(bundle, replayed))
    typer.echo(f"SHA-256 {chain.total}")
    return 0 if replayed.is_same else DIFFERENT


def _told(bundle: Bundle, replayed: Replayed) -> str:
    gone = bundle.gone
    same = (
        "结论相同 | the same decision"
        if replayed.is_same
        else ("结论不同 | ANOTHER decision")
    )
    what = f"{len(bundle.entries)} entries, {len(gone.judged)} alarms judged again"
    if gone.why_not:
        return f"{same} ({what}; handling only told: {gone.why_not})"
    others = len({turn.key for turn in gone.turns} - set(gone.judged))
    return f"{same} ({what}, {others} taken as told, handling decided again)"
