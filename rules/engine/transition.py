"""What became of an alarm at one sample, as the engine reports it."""

from dataclasses import dataclass

from cases.request import Hit, Severity
from rules.files.rule import Rule, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of one alarm.

    Attributes:
        rule: The rule that decided.
        device_id: `device.id` of the judged device.
        kind: Raised, escalated, eased or cleared.
        seq: The journal entry that decided.
        at_us: That entry's time, microseconds since 1970.
        measured_us: The deciding sample's own time; that of the entry for silence.
        value: Of the deciding sample: the quantity's unit, km/h, metres outside, or
            seconds of silence.
        threshold: The limit of the grade reached, in the same unit; that of the
            mildest grade when the alarm clears.
        severity: Of the grade reached; when the alarm clears, of the grade left.
        lon: Degrees east, WGS-84, of the fix or as surveyed; None if unknown.
        lat: Degrees north, WGS-84; None if unknown.
        fence: Names of the geofence it is about; None if it is about none.
        command: Number of the command it is about; None if it is about none.
    """

    rule: Rule
    device_id: int
    kind: Hit
    seq: int
    at_us: int
    measured_us: int
    value: float
    threshold: float
    severity: Severity
    lon: float | None
    lat: float | None
    fence: Words | None = None
    command: int | None = None
