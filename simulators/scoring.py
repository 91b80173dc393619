"""Was everything filed that happened, and did everything happen that was filed? Pure.

An incident is found by what was filed of its own condition on a device that shows it,
while it lasted or shortly after. What was filed is right if it found one; else it is
*beside* one (another condition on a device that suffers something) or *false*.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.incidents import CAUSES, FLOODED, Cause, Incident
from vocabulary.device import DeviceKind

AFTER = timedelta(seconds=180)
"""So long after its end an incident may still be what was filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One thing that was filed, or that hit what had been filed before.

    Attributes:
        condition: The filing condition; of an alarm that files nothing, its rule.
        kind: Of the device that told.
        devices: Codes of the devices it is about.
        at: When.
        is_new: Whether a case was opened, or opened again, or an alarm was raised that
            files nothing; else it only shows that an incident was noticed.
    """

    condition: str
    kind: DeviceKind
    devices: frozenset[str]
    at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One incident in its own time.

    Attributes:
        cause: What it is.
        devices: Who shows it, or may.
        starts_at: When it began.
        ends_at: When it was put right.
        latest_by: What is filed later is too late.
        is_due: Whether that is over by the end: else it explains what was filed, and
            nobody asks whether it was.
    """

    cause: Cause
    devices: frozenset[str]
    starts_at: datetime
    ends_at: datetime
    latest_by: datetime
    is_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one cause, or one condition nobody played, came out.

    Attributes:
        name: The cause, or the condition.
        happened: How often it was played.
        in_time: How many of these were filed in time.
        late: How many were filed later.
        filed: How much was filed under its condition.
        right: How much of that an incident explains.
        beside: How much was about a device that suffered something else.
    """

    name: str
    happened: int
    in_time: int
    late: int
    filed: int
    right: int
    beside: int

    @property
    def missed(self) -> int:
        """How many were not filed at all."""
        return self.happened - self.in_time - self.late

    @property
    def false(self) -> int:
        """How much was filed out of nothing."""
        return self.filed - self.right - self.beside

    @property
    def recall(self) -> float | None:
        """Share of the incidents that was filed in time; None if there were none."""
        return self.in_time / self.happened if self.happened else None

    @property
    def precision(self) -> float | None:
        """Share of what was filed that is right; None if nothing was."""
        return self.right / self.filed if self.filed else None


def happened(
    timetable: Iterable[Incident], *, start: datetime, period_s: float, for_s: float
) -> list[Happened]:
    """Return the incidents of all laps that have begun by the end.

    Args:
        timetable: The incidents of one lap.
        start: Second 0.
        period_s: After so long they come round again.
        for_s: When the end is.
    """
    end = start + timedelta(seconds=for_s)
    laps = [
        start + timedelta(seconds=lap * period_s)
        for lap in range(int(for_s // period_s) + 1)
    ]
    found = [_happened(incident, lap, end) for lap in laps for incident in timetable]
    return [one for one in found if one.starts_at <= end]


def _happened(incident: Incident, lap: datetime, end: datetime) -> Happened:
    starts_at = lap + timedelta(seconds=incident.starts_s)
    latest_by = starts_at + timedelta(seconds=CAUSES[incident.cause].notice_s)
    return Happened(
        cause=incident.cause,
        devices=frozenset((*incident.members, *incident.perhaps)),
        starts_at=starts_at,
        ends_at=lap + timedelta(seconds=incident.ends_s),
        latest_by=latest_by,
        is_due=latest_by <= end,
    )


def score(incidents: Sequence[Happened], filed: Sequence[Filed]) -> list[Line]:
    """Return a line for each cause that was played or filed, and each other condition.

    Args:
        incidents: All that happened.
        filed: All that was filed.
    """
    names = [cause.value for cause in Cause]
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in filter(_is_due, incidents):
        times = [one.at for one in filed if _explains(incident, one)]
        in_time = bool(times) and min(times) <= incident.latest_by
        word = "in_time" if in_time else "late" if times else "missed"
        tally[incident.cause.value].update(("happened", word))
    for one in filed:
        if one.is_new:
            found = [each for each in incidents if _explains(each, one)]
            is_beside = any(_touches(each, one) for each in incidents)
            word = "right" if found else "beside" if is_beside else "false"
            name = found[0].cause.value if found else _name(one)
            tally[name].update(("filed", word))
    others = sorted(set(tally) - set(names))
    return [_line(name, tally[name]) for name in [*names, *others] if name in tally]


def _is_due(incident: Happened) -> bool:
    return incident.is_due


def _line(name: str, count: Mapping[str, int]) -> Line:
    return Line(
        name=name,
        happened=count["happened"],
        in_time=count["in_time"],
        late=count["late"],
        filed=count["filed"],
        right=count["right"],
        beside=count["beside"],
    )


def _explains(incident: Happened, filed: Filed) -> bool:
    is_its_own = filed.condition in _conditions(incident.cause)
    return is_its_own and _touches(incident, filed)


def _touches(incident: Happened, filed: Filed) -> bool:
    is_then = incident.starts_at <= filed.at <= incident.ends_at + AFTER
    return is_then and not incident.devices.isdisjoint(filed.devices)


def _conditions(cause: Cause) -> frozenset[str]:
    facts = CAUSES[cause]
    flooded = FLOODED.values() if cause is Cause.CLOUDBURST else ()
    return frozenset((facts.condition or facts.rule, *flooded))


def _name(filed: Filed) -> str:
    """Return the cause that a condition on that kind of device speaks of."""
    causes = (
        cause.value
        for cause in Cause
        if filed.condition in _conditions(cause) and CAUSES[cause].kind is filed.kind
    )
    return next(causes, filed.condition)
