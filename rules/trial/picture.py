"""A timeline as a picture: what was said, what was wanted, and what came. Pure."""

from collections.abc import Iterator

from rules.trial.play import Played
from rules.trial.timeline import Row


def picture(played: Played) -> list[str]:
    """Return a played timeline as lines, columns aligned, each difference marked."""
    case = played.case
    seconds = tuple(f"{number * case.every_s:g}" for number in range(case.columns))
    lines: list[tuple[str, tuple[str, ...], str]] = [("s", seconds, "")]
    marks = iter(played.marks)
    for row in case.rows:
        if row not in case.alarms:
            lines.append((_name(row), row.marks, ""))
            continue
        got = next(marks)
        lines.append((_name(row), row.marks, "wanted"))
        if got != row.marks:
            lines.append(("", got, "what came"))
            lines.append(("", _differs(row.marks, got), ""))
    drawn = list(_aligned(lines, case.columns))
    if case.cases not in (None, played.filed):
        drawn.append(f"cases wanted: {', '.join(case.cases or ()) or 'none'}")
        drawn.append(f"cases filed:  {', '.join(played.filed) or 'none'}")
    return drawn


def _name(row: Row) -> str:
    return ".".join(part for part in (row.device, row.what, row.rule) if part)


def _differs(wanted: tuple[str, ...], got: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("^" if a != b else "" for a, b in zip(wanted, got, strict=True))


def _aligned(
    lines: list[tuple[str, tuple[str, ...], str]], columns: int
) -> Iterator[str]:
    first = max(len(name) for name, _, _ in lines)
    widths = [max(len(marks[at]) for _, marks, _ in lines) for at in range(columns)]
    for name, marks, what in lines:
        cells = (f"{mark:>{widths[at]}}" for at, mark in enumerate(marks))
        yield f"{name:<{first}}  {' '.join(cells)}  {what}".rstrip()
