"""What an explanation tells of one alarm of a rule, as plain records. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.bundle.orders import OrderShown


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One sentence of an explanation.

    Attributes:
        what: What it is about: judged, limit, rest, delays, refused, while, schedule,
            fence, gap, needed, burst,
            source, decided or told.
        zh: 在说什么.
        en: What it says.
    """

    what: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One grade, as it holds for this device.

    Attributes:
        severity: How bad it is from there on.
        at: The limit, in `Explained.unit`.
        release: Where it ends again, deadband included.
        drawn: Where it lies among the samples, in their unit; empty where it is a limit
            of a number that is made of them.
    """

    severity: str
    at: float
    release: float
    drawn: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShown:
    """One side condition at the time of the decision.

    Attributes:
        device: Code of the device that was looked at.
        quantity: Which of its readings.
        quantity_zh: Its name, 中文.
        quantity_en: Its name.
        unit: Its unit; empty for flags.
        is_above: Whether it must be at or above the limit.
        limit: In the quantity's unit.
        value: The newest reading; None if none was known.
        at: That reading's time.
        is_true: Whether the rule might judge.
    """

    device: str
    quantity: str
    quantity_zh: str
    quantity_en: str
    unit: str
    is_above: bool
    limit: float
    value: float | None
    at: datetime | None
    is_true: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of the alarm's state.

    Attributes:
        at: Journal time.
        measured_at: Time of the newest sample judged by then; None for silence.
        severity: Of the grade that changed.
        before: normal, pending, active or clearing.
        after: The same from then on.
        is_decision: Whether this raised the alarm.
    """

    at: datetime
    measured_at: datetime | None
    severity: str
    before: str
    after: str
    is_decision: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time between two judged samples that is longer than the largest gap.

    Attributes:
        from_at: The sample before it, by its own time.
        until_at: The sample after it.
    """

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleShown:
    """One sample of the device or of what it hangs from.

    Attributes:
        device: Its code.
        what: The quantity, or `position`.
        what_zh: Its name, 中文.
        what_en: Its name.
        unit: Its unit; empty for flags.
        measured_at: Its own time.
        received_at: When we learned of it.
        value: In the quantity's unit; km/h of a position.
        lon: Degrees east; None for readings.
        lat: Degrees north; None for readings.
        quality: What is doubtful about it, in words; empty for good.
        is_before: Whether it was measured at or before the decision.
        is_own: Whether it is what the rule judges, not a side condition's.
        is_refused: Whether it is of a quality that the rule does not judge.
    """

    device: str
    what: str
    what_zh: str
    what_en: str
    unit: str
    measured_at: datetime
    received_at: datetime
    value: float
    lon: float | None
    lat: float | None
    quality: tuple[str, ...]
    is_before: bool
    is_own: bool
    is_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceShown:
    """A geofence that the rule looked at.

    Attributes:
        code: Its name in files.
        name_zh: 中文名称.
        name_en: Its name.
        shape: polygon, circle or corridor.
        geometry: GeoJSON geometry as text, WGS-84, as it was then.
        radius_m: Of a circle; half the width of a corridor; None for a polygon.
    """

    code: str
    name_zh: str
    name_en: str
    shape: str
    geometry: str
    radius_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why one alarm was raised.

    Attributes:
        rule: Its code.
        rule_version: Its version.
        name_zh: Its name, 中文.
        name_en: Its name.
        source: Where its numbers come from.
        judged: What is held against the limits: value, speed, silence, or the word of
            a measure, such as from_rest.
        unit: The unit of that; empty where it has none.
        quantity: Which samples that is, or is made of: a quantity or `position`; empty
            where it is made of several.
        rest: Where the device rests; None unless that is what its reading is judged by.
        on_delay_s: How long it must hold.
        off_delay_s: How long it must stay away.
        largest_gap_s: Time between two samples that still counts.
        lateness_s: How late samples may come.
        refused: Words of quality that are not judged.
        limits: As they hold for this device, mildest first.
        sides: Side conditions at the decision.
        is_scheduled: Whether it judges at certain times only.
        is_open: Whether that was so at the decision.
        fences: The geofences it is about, at most `MOST_FENCES`.
        timeline: Every change of its state.
        gaps: Where its own samples are further apart than counts: unknown.
        orders: Where the alarm is about a command, those of its device.
        samples: Before and after, by their time; the nearest of very many.
    """

    rule: str
    rule_version: int
    name_zh: str
    name_en: str
    source: str
    judged: str
    unit: str
    quantity: str
    rest: float | None
    on_delay_s: float
    off_delay_s: float
    largest_gap_s: float
    lateness_s: float
    refused: tuple[str, ...]
    limits: Sequence[Limit]
    sides: Sequence[SideShown]
    is_scheduled: bool
    is_open: bool
    fences: Sequence[FenceShown]
    timeline: Sequence[Step]
    gaps: Sequence[Gap]
    orders: Sequence[OrderShown]
    samples: Sequence[SampleShown]
