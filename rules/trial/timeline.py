"""Timelines as rule authors write them: one column per sample. Pure.

A TOML file has `rule` or `rules` (code of a rule, name of a file beside it, or a whole
rule as text) and cases. A case has `name`, `every_s` (seconds per column) and rows:

    QUANTITY              a value; `-` no sample; `12?` a reading that its own device
                          calls faulty, `12>` one from the future, `12=` stuck
    speed_kmh, outside_m  a vehicle; metres are from the border, inside below 0
    inputs                which of the vehicle's inputs are set, as a number
    command               what the device is told, and answers: `on`, `off`, `40%`; told
                          only: `on?`; what it answers to that later: `!`, or `x` no
    heard                 `x` where the device says anything at all
    link                  `+` or `-`: our edge to the devices
    platform              `-` where we were not there: nothing at all is learned
    alarm, alarm.RULE     what must come of it: `.` normal, `p` pending, `c` clearing,
                          else the number of the grade that stands

Rows of other devices have their name before them: `upstream.voltage_v` is what the
device hangs from, `L2.power_w` one of `[case.device.L2]` (`kind`, `upstream`,
`gateway`, `interval_s`; all may be left out). A case may also have `interval_s` (of all
devices; `every_s` if not said), `limit_kmh` (the vehicle's own limit), `starts` (what
clocks show in the city at the first column, 16:00 if not said), `programme` (the lamp
programme: `sun`, lit while the sun is 2° below the horizon, and at half from 23:00;
`always`; or none) and `cases` (what must
be filed by a minute after the last column, in order: `CONDITION`, or `CONDITION
DEVICE`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rules.trial.orders import MARK, ROW
from vocabulary.device import DeviceKind
from vocabulary.quantity import Quantity

ITSELF, UPSTREAM = "", "upstream"
"""Names of the device that is judged and of what it hangs from."""

IT = "it"
"""How another device says that it hangs from the one that is judged."""

ALARM = "alarm"
"""The row that says what must come of it."""

OF_ALL = ("link", "platform")
"""Rows that are about no single device."""

OF_DEVICE = ("heard", "speed_kmh", "outside_m", "inputs", ROW)
"""Rows of a device that are no quantities."""

FIRST = "16:00"
"""What clocks show at second 0 of a scene."""

SETTINGS = frozenset(
    {
        *("name", "every_s", "interval_s", "limit_kmh", "starts", "programme"),
        *("cases", "device"),
    }
)
"""Keys of a case that are no rows."""

PROGRAMMES_NAMED = ("", "always", "sun")
"""Lamp programmes that a case may name, see `scene.PROGRAMMES`."""

Toml: TypeAlias = "str | float | bool | list[Toml] | dict[str, Toml]"
"""A TOML value, as far as these files have any."""

_MARK = re.compile(r"-|[-+]?(\d+(\.\d*)?|\.\d+)[?>=]?")


class TimelineError(ValueError):
    """A file of timelines is wrong; carries everything that is, in words."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A device beside the one that is judged.

    Attributes:
        kind: The hardware it is; None for the same as the judged one's.
        upstream: Name of what it hangs from, `IT` for the judged device; empty for
            nothing.
        gateway: Its gateway.
        interval_s: How often it reports; None for as often as the judged one.
    """

    kind: DeviceKind | None = None
    upstream: str = ""
    gateway: str = "GW-1"
    interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a case.

    Attributes:
        device: Name of its device; `ITSELF` for the judged one, and for `OF_ALL`.
        what: Quantity, or another word of a row.
        marks: One per column.
        rule: Of an alarm's row, the rule; empty for the only or first one.
    """

    device: str
    what: str
    marks: tuple[str, ...]
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One timeline.

    Attributes:
        rules: The rules as the file names them.
        name: What it shows.
        every_s: Seconds per column.
        interval_s: How often the devices report.
        limit_kmh: The vehicle's own limit, if any.
        starts_s: The scene's second of the first column.
        programme: The lamp programme of all devices; empty for none.
        rows: What is said, and what must come of it.
        others: Further devices by name.
        cases: What must be filed; None if nothing is said of that.
    """

    rules: tuple[str, ...]
    name: str
    every_s: float
    interval_s: float
    limit_kmh: float | None
    starts_s: float
    programme: str
    rows: tuple[Row, ...]
    others: Mapping[str, Other] = field(default_factory=dict)
    cases: tuple[str, ...] | None = None

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return len(self.rows[0].marks)

    @property
    def alarms(self) -> tuple[Row, ...]:
        """What must come of it."""
        return tuple(row for row in self.rows if row.what == ALARM)

    def mark(self, what: str, column: int, *, device: str = ITSELF) -> str:
        """Return the mark of a row; `+` if there is no such row."""
        for row in self.rows:
            if (row.device, row.what) == (device, what):
                return row.marks[column]
        return "+"


def read_timelines(text: str) -> list[Case]:
    """Return the cases of a file.

    Args:
        text: The TOML.

    Raises:
        TimelineError: If anything is wrong with it.
    """
    try:
        found: dict[str, Toml] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TimelineError([f"not TOML: {error}"]) from error
    faults: list[str] = []
    rules = _rules(found, faults)
    cases = found.get("case", [])
    if not isinstance(cases, list) or not cases:
        faults.append("has no [[case]]")
        cases = []
    faults += [
        f"{key}: is not a key here; there are rule, rules, case"
        for key in found
        if key not in ("rule", "rules", "case")
    ]
    read = [_case(rules, case, faults) for case in cases if isinstance(case, dict)]
    if faults:
        raise TimelineError(faults)
    return read


def _rules(found: Mapping[str, Toml], faults: list[str]) -> tuple[str, ...]:
    said = found.get("rules", found.get("rule"))
    rules = said if isinstance(said, list) else [said]
    named = tuple(rule for rule in rules if isinstance(rule, str))
    if ("rule" in found) == ("rules" in found) or not named or len(named) < len(rules):
        faults.append("needs exactly one of rule (a text) and rules (a list of texts)")
    return named


def _case(rules: tuple[str, ...], case: Mapping[str, Toml], faults: list[str]) -> Case:
    name = str(case.get("name", ""))
    own: list[str] = [] if name else ["has no name"]
    every_s = _number(case, "every_s", own) or 1.0
    others = _others(case.get("device", {}), own)
    rows = tuple(_rows(case, others, own))
    _check(rows, own)
    programme = str(case.get("programme", ""))
    if programme not in PROGRAMMES_NAMED:
        own.append(f"programme: must be always or sun, not {programme!r}")
    cases = case.get("cases")
    if cases is not None and not isinstance(cases, list):
        own.append("cases: must be a list of texts")
    read = Case(
        rules=rules,
        name=name,
        every_s=every_s,
        interval_s=_number(case, "interval_s", own, default=every_s) or every_s,
        limit_kmh=_number(case, "limit_kmh", own, default=None),
        starts_s=_starts_s(str(case.get("starts", FIRST)), own),
        programme=programme,
        rows=rows,
        others=others,
        cases=tuple(map(str, cases)) if isinstance(cases, list) else None,
    )
    faults += [f"{name or 'a case'}: {fault}" for fault in own]
    return read


def _number(
    case: Mapping[str, Toml],
    key: str,
    faults: list[str],
    *,
    default: float | None = -1.0,
) -> float | None:
    """Return a number above 0; without a default it must be there."""
    value = case.get(key, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        faults.append(f"{key}: must be a number above 0")
        return None
    return float(value)


def _starts_s(clock: str, faults: list[str]) -> float:
    """Return the scene's second at which clocks first show a time."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", clock)
    if found is None:
        faults.append(f"starts: must be HH:MM, not {clock!r}")
        return 0.0
    first_hour, first_minute = map(int, FIRST.split(":"))
    minutes = (int(found[1]) - first_hour) * 60 + int(found[2]) - first_minute
    return float(minutes % (24 * 60) * 60)


def _others(devices: Toml, faults: list[str]) -> dict[str, Other]:
    if not isinstance(devices, dict):
        faults.append("device: must be tables, [case.device.NAME]")
        return {}
    found = {}
    for name, device in devices.items():
        own = device if isinstance(device, dict) else {}
        known = ("kind", "upstream", "gateway", "interval_s")
        faults += [f"device.{name}.{k}: is no key here" for k in own if k not in known]
        kind = own.get("kind")
        if kind is not None and kind not in list(DeviceKind):
            faults.append(f"device.{name}.kind: there are {', '.join(DeviceKind)}")
            kind = None
        upstream = str(own.get("upstream", ""))
        if upstream not in ("", IT, UPSTREAM, *devices):
            faults.append(f"device.{name}.upstream: there is no device {upstream}")
        found[name] = Other(
            kind=None if kind is None else DeviceKind(str(kind)),
            upstream=upstream,
            gateway=str(own.get("gateway", "GW-1")),
            interval_s=_number(own, "interval_s", faults, default=None),
        )
    return found


def _rows(
    case: Mapping[str, Toml], others: Mapping[str, Other], faults: list[str]
) -> Iterator[Row]:
    for path, marks in _flat(case):
        device, rest = ITSELF, path
        if path[0] in others or path[0] == UPSTREAM:
            device, rest = path[0], path[1:]
        what, *rule = rest or ("",)
        is_alarm = what == ALARM and len(rule) <= 1
        known = what in (*OF_DEVICE, *(OF_ALL if device == ITSELF else ()))
        if not is_alarm and not (not rule and (known or what in list(Quantity))):
            faults.append(f"{'.'.join(path)}: is no row; see the top of the reader")
        yield Row(device, what, tuple(marks.split()), rule[0] if rule else "")


def _flat(
    table: Mapping[str, Toml], at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text in nested tables, with the keys that lead there."""
    for key, value in table.items():
        if not at and key in SETTINGS:
            continue
        if isinstance(value, dict):
            yield from _flat(value, (*at, key))
        else:
            yield (*at, key), str(value)


def _check(rows: Sequence[Row], faults: list[str]) -> None:
    if not any(row.what == ALARM for row in rows):
        faults.append("has no row `alarm`: what must come of it?")
    widths = {f"{r.device}.{r.what}".lstrip("."): len(r.marks) for r in rows}
    if len(set(widths.values())) > 1:
        told = ", ".join(f"{key} {width}" for key, width in widths.items())
        faults.append(f"rows differ in their number of columns: {told}")
    for row in rows:
        is_value = row.what not in (ALARM, *OF_ALL, "heard")
        like = MARK if row.what == ROW else _MARK
        wrong = [m for m in row.marks if is_value and not like.fullmatch(m)]
        if wrong:
            faults.append(f"{row.what}: {wrong[0]!r} is no value")
