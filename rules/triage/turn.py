"""A transition as triage keeps it: without its rule, so that it can be written down."""

from dataclasses import dataclass
from typing import NamedTuple

from cases.request import Hit, Severity
from rules.engine.transition import Transition
from rules.files.rule import Rule, Words


class AlarmKey(NamedTuple):
    """Rule, its version and the device: at most one alarm of each stands."""

    rule: str
    version: int
    device_id: int


class AlarmRef(NamedTuple):
    """One alarm among all that ever stood under its key.

    Attributes:
        key: Whose.
        seq: The entry that raised it.
        measured_us: The time of the sample that did.
    """

    key: AlarmKey
    seq: int
    measured_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An alarm as it was raised, with its latest severity and value.

    Attributes:
        key: Whose alarm.
        seq: The entry that raised it.
        at_us: That entry's time; the end of the window that kept it back, if one did.
        measured_us: The deciding sample's own time.
        value: The latest.
        threshold: The limit of the latest grade.
        severity: The latest.
        lon: Degrees east, WGS-84; None if unknown.
        lat: Degrees north, WGS-84; None if unknown.
        fence: Names of the geofence it is about; None if it is about none.
        command: Number of the command it is about; None if it is about none.
    """

    key: AlarmKey
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

    @property
    def ref(self) -> AlarmRef:
        """Which alarm it is."""
        return AlarmRef(self.key, self.seq, self.measured_us)

    def transition(
        self, rule: Rule, *, seq: int, at_us: int, kind: Hit = Hit.RAISED
    ) -> Transition:
        """Return it as a transition that a later entry decided on."""
        return Transition(
            rule=rule,
            device_id=self.key.device_id,
            kind=kind,
            seq=seq,
            at_us=at_us,
            measured_us=self.measured_us,
            value=self.value,
            threshold=self.threshold,
            severity=self.severity,
            lon=self.lon,
            lat=self.lat,
            fence=self.fence,
            command=self.command,
        )


def key_of(transition: Transition) -> AlarmKey:
    """Return which alarm a transition is about."""
    rule = transition.rule
    return AlarmKey(rule.code, rule.version, transition.device_id)


def turn_of(transition: Transition) -> Turn:
    """Return what triage keeps of the transition that raised an alarm."""
    return Turn(
        key=key_of(transition),
        seq=transition.seq,
        at_us=transition.at_us,
        measured_us=transition.measured_us,
        value=transition.value,
        threshold=transition.threshold,
        severity=transition.severity,
        lon=transition.lon,
        lat=transition.lat,
        fence=transition.fence,
        command=transition.command,
    )
