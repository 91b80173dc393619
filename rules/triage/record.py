"""What triage decided in one transaction, and what it had remembered before. Pure.

Of the memory only what has to do with the alarms that were decided on is written.
"""

import zlib
from collections.abc import Iterable, Sequence

import msgspec

from cases.request import Hit, Severity
from rules.engine.transition import Transition
from rules.files.rule import Rule, Words
from rules.pipes.mains import Located
from rules.triage.decision import (
    Close,
    Decision,
    Join,
    Leave,
    Note,
    Open,
    Quiet,
    Settle,
    Unheard,
    Unstable,
)
from rules.triage.desk import Bundle, BundleKey, Desk
from rules.triage.layout import Layout
from rules.triage.memory import Remembered, remembered_of
from rules.triage.turn import AlarmKey, AlarmRef, key_of

FORMAT = 1
"""Of the written form."""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One transition as the engine found it.

    Attributes:
        key: Whose alarm.
        kind: Raised, escalated, eased or cleared.
        seq: The entry.
        at_us: Its time.
        measured_us: The deciding sample's own time.
        value: As in `Transition`, and so the others.
        threshold: The limit.
        severity: Of the grade.
        lon: Degrees east.
        lat: Degrees north.
        fence: Names of the geofence.
        command: The order it is about.
    """

    key: AlarmKey
    kind: Hit
    seq: int
    at_us: int
    measured_us: int
    value: float
    threshold: float
    severity: Severity
    lon: float | None = None
    lat: float | None = None
    fence: Words | None = None
    command: int | None = None

    def transition(self, rule: Rule) -> Transition:
        """Return it as the engine gave it."""
        return Transition(
            rule=rule,
            device_id=self.key.device_id,
            kind=self.kind,
            seq=self.seq,
            at_us=self.at_us,
            measured_us=self.measured_us,
            value=self.value,
            threshold=self.threshold,
            severity=self.severity,
            lon=self.lon,
            lat=self.lat,
            fence=self.fence,
            command=self.command,
        )


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision, flat.

    Attributes:
        seq: The entry that decided.
        what: file, note, unstable, quiet, settle, open, join, unheard, leave or close.
        alarm: Which alarm; of a group or storm, the one it stands by.
        hit: What became of it.
        handling: What that makes of the alarm.
        window_id: The window that keeps it back; 0 for none.
        of: The group or storm, if it is about one.
        lead: The alarm which that stands by.
        keeps_own: Whether a member had been filed alone.
        count: Raises of what is unstable, or hits that were only counted.
        bad: Members of the group or storm by an alarm, so far.
        unknown: Others by one of silence.
        unheard: Devices that no alarm speaks for.
        burst: Where on the mains it is.
    """

    seq: int
    what: str
    alarm: AlarmRef
    hit: str = ""
    handling: str = ""
    window_id: int = 0
    of: BundleKey | None = None
    lead: AlarmKey | None = None
    keeps_own: bool = False
    count: int = 0
    bad: int = 0
    unknown: int = 0
    unheard: tuple[int, ...] = ()
    burst: Located | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What triage did in one transaction.

    Attributes:
        after_seq: The last entry before it.
        until_seq: Its last entry.
        turns: What the engine found in it.
        said: What was decided, in order.
        before: The memory before it; None where that is too large.
    """

    after_seq: int
    until_seq: int
    turns: tuple[Told, ...]
    said: tuple[Said, ...]
    before: Remembered | None


class _Written(msgspec.Struct, array_like=True):
    format: int
    record: Record


class RecordFormatError(ValueError):
    """A written record is not of this release."""


def record_written(record: Record) -> bytes:
    """Return a record as octets."""
    return zlib.compress(msgspec.msgpack.encode(_Written(FORMAT, record)), level=1)


def record_from(octets: bytes) -> Record:
    """Return the record that `record_written` gave.

    Raises:
        RecordFormatError: If this release cannot read it.
    """
    try:
        found = msgspec.msgpack.decode(zlib.decompress(octets), type=_Written)
    except (zlib.error, msgspec.DecodeError) as error:
        raise RecordFormatError(f"not a record: {error}") from error
    if found.format != FORMAT:
        raise RecordFormatError(f"a record of format {found.format}, not {FORMAT}")
    return found.record


def record_of(
    layout: Layout,
    desk: Desk,
    transitions: Iterable[Transition],
    decisions: Sequence[Decision],
    *,
    seqs: tuple[int, int],
) -> Record:
    """Return what triage did in one transaction.

    Args:
        layout: What it went by.
        desk: Before the transaction.
        transitions: What the engine found in it.
        decisions: What triage made of that and of what was waiting.
        seqs: The last entry before the transaction, and its last.
    """
    turns = tuple(map(told_of, transitions))
    said = tuple(map(said_of, decisions))
    alarms = {turn.key for turn in turns} | {each.alarm.key for each in said}
    after_seq, until_seq = seqs
    return Record(
        after_seq=after_seq,
        until_seq=until_seq,
        turns=turns,
        said=said,
        before=remembered_of(layout, desk, alarms),
    )


def told_of(transition: Transition) -> Told:
    """Return a transition as it is written down."""
    return Told(
        key=key_of(transition),
        kind=transition.kind,
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


def said_of(decision: Decision) -> Said:
    """Return a decision as it is written down."""
    what = type(decision).__name__.lower()
    if isinstance(decision, Open | Close | Unheard):
        bundle = decision.bundle
        return _of_bundle(
            Said(
                seq=decision.seq,
                what=what,
                alarm=lead_ref(bundle),
                unheard=decision.device_ids if isinstance(decision, Unheard) else (),
            ),
            bundle,
        )
    said = Said(
        seq=decision.transition.seq,
        what=what,
        alarm=decision.alarm,
        hit=str(decision.transition.kind),
    )
    match decision:
        case Note(handling=handling, window_id=window_id):
            said = msgspec.structs.replace(
                said, handling=str(handling), window_id=window_id
            )
        case Unstable(raises=count) | Settle(hits=count):
            said = msgspec.structs.replace(said, count=count)
        case Join(bundle=bundle, keeps_own=keeps_own):
            said = _of_bundle(said, bundle)
            said = msgspec.structs.replace(said, keeps_own=keeps_own)
        case Leave(bundle=bundle, has_own=has_own):
            said = _of_bundle(said, bundle)
            said = msgspec.structs.replace(said, keeps_own=has_own)
        case Quiet() | _:
            pass
    return said


def lead_ref(bundle: Bundle) -> AlarmRef:
    """Return the alarm that a group or storm stands by."""
    if bundle.cause is not None:
        return bundle.cause.ref
    return AlarmRef(bundle.lead, bundle.opened_seq, bundle.opened_us)


def _of_bundle(said: Said, bundle: Bundle) -> Said:
    return msgspec.structs.replace(
        said,
        of=bundle.key,
        lead=bundle.lead,
        bad=bundle.bad,
        unknown=bundle.unknown,
        burst=bundle.burst,
    )
