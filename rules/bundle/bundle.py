"""A bundle: one alarm with all that it was decided on, as octets and back. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from rules.bundle.chain import FORMAT, BundleError, Chain, opened, sealed
from rules.bundle.entries import entries_from, entries_json
from rules.engine.learned import Learned
from rules.plan.plan_source import PlanSource, source_written
from rules.triage.memory import Remembered
from rules.triage.record import Said, Told
from rules.triage.turn import AlarmKey, AlarmRef


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided: one alarm as it was raised.

    Attributes:
        rule: Code of the rule; `group:` or `storm:` and a name for one of many.
        rule_version: Its version.
        device_id: `device.id`.
        raised_seq: The journal entry that raised it.
        measured_us: The deciding sample's own time.
        severity: How bad it was then; None if only the last is known.
        value: Of the deciding sample; None for silence, and for one of many.
        threshold: The limit it reached.
    """

    rule: str
    rule_version: int
    device_id: int
    raised_seq: int
    measured_us: int
    severity: str | None
    value: float | None
    threshold: float | None

    @property
    def key(self) -> AlarmKey:
        """Whose alarm it is."""
        return AlarmKey(self.rule, self.rule_version, self.device_id)

    @property
    def is_of_many(self) -> bool:
        """Whether it stands for a group or a storm."""
        return ":" in self.rule

    @property
    def ref(self) -> AlarmRef:
        """Which of its alarms."""
        return AlarmRef(self.key, self.raised_seq, self.measured_us)

    def of(self, said: Iterable[Said]) -> tuple[Said, ...]:
        """Return those decisions that are on it, or on its group or storm."""
        if not self.is_of_many:
            return tuple(each for each in said if each.alarm == self.ref)
        return tuple(
            each
            for each in said
            if each.lead == self.key and each.seq >= self.raised_seq
        )


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """What triage went by.

    Attributes:
        after_seq: The memory is that after this entry.
        until_seq: The last entry that is decided again.
        before: The memory, as far as it matters.
        turns: What the engine found of every alarm that matters, in order.
        said: What was decided on them.
        judged: Those whose own samples are here: they are judged again.
        why_not: Why triage cannot be decided again; empty if it can.
    """

    after_seq: int = 0
    until_seq: int = 0
    before: Remembered = Remembered()
    turns: tuple[Told, ...] = ()
    said: tuple[Said, ...] = ()
    judged: tuple[AlarmKey, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One alarm with all it was decided on.

    Attributes:
        decided: What was decided.
        source: The part of the plan it needs.
        gone: What triage went by.
        entries: Of the journal, up to shortly after the decision.
    """

    decided: Decided
    source: PlanSource
    gone: Gone
    entries: Sequence[Learned]

    @property
    def said(self) -> tuple[Said, ...]:
        """What triage decided on the alarm, within the bundle's reach."""
        return self.decided.of(self.gone.said)

    def octets(self) -> bytes:
        """Return it as JSON with its hashes."""
        return sealed(
            {
                "format": FORMAT,
                "alarm": msgspec.to_builtins(self.decided),
                "plan": msgspec.json.decode(source_written(self.source)),
                "triage": msgspec.to_builtins(self.gone),
                "entries": entries_json(self.entries),
            }
        )


def bundle_from(octets: bytes) -> tuple[Bundle, Chain]:
    """Return a bundle, once its hashes are seen to be right.

    Raises:
        TamperedError: If an octet was changed.
        BundleError: If it is no bundle of this release.
    """
    pieces, chain = opened(octets)
    try:
        bundle = Bundle(
            msgspec.convert(pieces["alarm"], Decided),
            msgspec.convert(pieces["plan"], PlanSource, strict=False),
            msgspec.convert(pieces["triage"], Gone),
            entries_from(pieces["entries"]),
        )
    except msgspec.ValidationError as error:
        raise BundleError(str(error)) from error
    return bundle, chain


def seen_from(bundle: Bundle, decided: Decided) -> Bundle | None:
    """Return a bundle as one of another alarm in it; None if it has not all of that."""
    if bundle.decided.ref == decided.ref:
        return bundle
    if decided.key not in bundle.gone.judged or not decided.of(bundle.gone.said):
        return None
    return Bundle(decided, bundle.source, bundle.gone, bundle.entries)
