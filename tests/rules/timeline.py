"""Rule tests as rule authors write them: one column per sample, played on the engine.

A file has `rule` (the code of a shipped rule, or a whole rule as text) and cases. A
case has `name`, `every_s` (seconds per column) and rows of columns:

    QUANTITY, upstream.QUANTITY   a value; `-` no sample; `12?` a reading that its own
                                  device calls faulty, `12>` one from the future
    speed_kmh, outside_m          a vehicle; metres are from the border, inside below 0
    heard                         `x` where the device says anything at all
    link                          `+` or `-`: our edge to the device
    inputs                        which of the vehicle's inputs are set, as a number
    platform                      `-` where we were not there: nothing at all is learned
    alarm                         what must come of it: `.` normal, `p` pending, `c`
                                  clearing, else the number of the grade that stands

and may have `interval_s` (the device's; `every_s` if not said), `limit_kmh` (the
vehicle's own limit) and `starts` ("HH:MM": what clocks show in the city at the first
column, 16:00 if not said). Geofences that the rule names by their kind lie where the
vehicle's own area does. Every case is played with a restart after each column.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rules.compile import compile_plan
from rules.engine import fold
from rules.grades import level
from rules.hold import State as Alarm
from rules.learned import Learned
from rules.plan import Plan
from rules.state import State, read_back, written
from rules.subject import Subject
from tests.rules import town
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

UPSTREAM = "upstream."
QUALITY = {"?": Quality.SENSOR_FAULT, ">": Quality.FUTURE}
BESIDE = {"alarm", "link", "platform", "heard", "speed_kmh", "outside_m", "inputs"}
FIRST = "16:00"
"""What clocks show at second 0."""
LETTER = {Alarm.PENDING: "p", Alarm.CLEARING: "c"}


@dataclass(frozen=True)
class Case:
    """One timeline."""

    rule: str
    name: str
    every_s: float
    interval_s: float
    limit_kmh: float | None
    starts_s: float
    rows: dict[str, list[str]]

    @property
    def is_hit(self) -> bool:
        return any(mark.isdigit() for mark in self.rows["alarm"])


def cases_in(path: Path) -> list[Case]:
    text = tomllib.loads(path.read_text("utf-8"))
    return [_case(text["rule"], case) for case in text["case"]]


def _case(rule: str, case: dict[str, object]) -> Case:
    rows = {key: v.split() for key, v in _rows(case)}
    every_s = float(str(case["every_s"]))
    widths = {key: len(row) for key, row in rows.items()}
    assert len(set(widths.values())) == 1, f"{case['name']}: columns differ: {widths}"
    limit = case.get("limit_kmh")
    return Case(
        rule=rule,
        name=str(case["name"]),
        every_s=every_s,
        interval_s=float(str(case.get("interval_s", every_s))),
        limit_kmh=None if limit is None else float(str(limit)),
        starts_s=_starts_s(str(case.get("starts", FIRST))),
        rows=rows,
    )


def _starts_s(clock: str) -> float:
    """Return the town's second at which clocks first show a time."""
    (hour, minute), (first_hour, first_minute) = (
        map(int, text.split(":")) for text in (clock, FIRST)
    )
    minutes = (hour - first_hour) * 60 + minute - first_minute
    return minutes % (24 * 60) * 60


def _rows(case: dict[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in case.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{sub}", row) for sub, row in value.items())
        elif isinstance(value, str) and key not in ("name", "starts"):
            yield key, value


def play(case: Case) -> list[str]:
    """Return the marks of the `alarm` row as the engine gives them."""
    plan = compile_plan(town.source(_subjects(case), case.rule))
    assert len(plan.slots) == 1, "the case has not all that the rule speaks of"
    state = plan.fresh_state()
    marks = []
    for column in range(len(case.rows["alarm"])):
        state = fold(plan, state, _entries(case, plan, state, column)).state
        state = read_back(written(state))
        marks.append(_mark(state))
    return marks


def _kind(case: Case) -> DeviceKind:
    return compile_plan(town.source([], case.rule)).rules[0].kind


def _subjects(case: Case) -> list[Subject]:
    own = [key for key in case.rows if key not in BESIDE and UPSTREAM not in key]
    above = [key.removeprefix(UPSTREAM) for key in case.rows if UPSTREAM in key]
    kind = _kind(case)
    upstream = DeviceKind.CABINET if kind is not DeviceKind.CABINET else DeviceKind.LAMP
    subject = town.device(
        1,
        kind,
        *(own or ["battery_v"]),
        interval_s=case.interval_s,
        upstream_id=2,
        speed_limit_kmh=case.limit_kmh,
    )
    return [subject, town.device(2, upstream, *above, interval_s=case.interval_s)]


def _entries(case: Case, plan: Plan, state: State, column: int) -> Iterator[Learned]:
    """Yield what is learned in the seconds up to a column, and at it."""
    at_s = case.starts_s + column * case.every_s
    if _mark_of(case, "platform", column) == "-":
        return
    seq = state.seq
    if column and _mark_of(case, "platform", column - 1) != "-":
        # Each second; where a column is hours, more seldom, or it would take as long.
        pause_s = max(1, int(case.every_s) // 7200)
        for second in range(int(at_s - case.every_s) + 1, int(np.ceil(at_s)), pause_s):
            yield town.tick(seq := seq + 1, second)
    elif column:
        yield town.edge(seq := seq + 1, at_s, "ingest", up=True)
    link, before = (_mark_of(case, "link", c) for c in (column, max(column - 1, 0)))
    if link != before or (column == 0 and link == "-"):
        yield town.edge(seq := seq + 1, at_s, "mqtt", up=link == "+")
    yield from _said(case, plan, seq, at_s, column)


def _said(
    case: Case, plan: Plan, seq: int, at_s: float, column: int
) -> Iterator[Learned]:
    """Yield what the device and its upstream say at a column."""
    series = [
        (row[column], subject.series[key.removeprefix(UPSTREAM)])
        for key, row in case.rows.items()
        for subject in plan.subjects
        if key not in BESIDE and (UPSTREAM in key) == (subject.device_id == 2)
    ]
    if _mark_of(case, "heard", column) == "x":
        series.append(("0", plan.subjects[0].series["battery_v"]))
    samples = [
        (series_id, at_s, *_value(mark)) for mark, series_id in series if mark != "-"
    ]
    yield town.readings(seq + 1, at_s, samples)
    speed, outside = (_mark_of(case, key, column) for key in ("speed_kmh", "outside_m"))
    if {speed, outside} - {"+", "-"}:
        (speed_kmh, quality), (outside_m, also) = (
            _value(mark) if mark not in "+-" else (0.0, 0) for mark in (speed, outside)
        )
        fix = (1, at_s, outside_m, speed_kmh, quality | also)
        inputs = _mark_of(case, "inputs", column)
        set_bits = int(inputs) if inputs.isdigit() else 0
        yield town.positions(seq + 2, at_s, [fix], inputs=set_bits)


def _value(mark: str) -> tuple[float, int]:
    quality = QUALITY.get(mark[-1], Quality.GOOD)
    return float(mark.rstrip("?>")), int(quality)


def _mark_of(case: Case, key: str, column: int) -> str:
    return case.rows[key][column] if key in case.rows else "+"


def _mark(state: State) -> str:
    standing = int(level(state.state)[0])
    lowest = Alarm(int(state.state[0, 0]))
    if standing:
        return LETTER.get(lowest, str(standing))
    return LETTER.get(lowest, ".")
