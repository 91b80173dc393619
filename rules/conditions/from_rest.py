"""`from_rest`: how far a reading is from where it is when all is well.

above: 12            # either way; or `below: -25`, which is too low only
learn: 12            # so many samples that agree tell where it rests
steady: 3            # their middle half lies no further apart
assumed: 0           # until then; left out, nothing is judged until then
rest_from: 0         # plausible rests
rest_to: 10
moves_per_h: 0.02    # so fast the rest may move
follows_within: 4    # and only while the reading is nearer than this
relearn_s: 21600     # so long out there is where it rests now; never if left out
rests: MH-0007=14.5, MH-0012=6   # declared: these are not learned
only:                # else it counts as at rest
  quantity: cover_open
  above: 0.5
  must: true         # a device that does not tell is not judged; else as if it did
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cases.request import Severity
from rules.conditions.ladder import (
    Ladder,
    draft_of_series,
    read_ladder,
    read_pairs,
    read_sides,
)
from rules.files.located import Section
from rules.files.rule import Rule, Side, Whose
from rules.measures.from_rest import FromRestSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity

NO_SERIES = -1
"""Where no other reading has a say."""

HOUR_S = 3600
"""What the movement of a rest is told per."""

MOST_LEARNED = 64
"""So many samples are enough to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRest:
    """A reading that is too far from where it rests.

    Attributes:
        quantity: What is judged.
        ladder: How far from the rest, in the quantity's unit.
        settings: How the rest is found.
        declared: Where devices rest of which somebody said so, by code.
        only: The reading of the same device that has a say; None for none.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    ladder: Ladder
    settings: FromRestSettings
    declared: Mapping[str, float]
    only: Quantity | None = None
    sides: tuple[Side, ...] = ()

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.ladder.severities

    def draft(self, rule: Rule, subject: Subject, by_id: Town) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        declared = self.declared.get(subject.code, math.nan)
        gate = subject.series.get(self.only or "", NO_SERIES)
        if gate == NO_SERIES and self.settings.gate_must:
            return None
        draft = draft_of_series(
            rule,
            subject,
            by_id,
            quantity=self.quantity,
            ladder=self.ladder,
            sides=self.sides,
            measure=replace(
                self.settings,
                declared=declared,
                gate=gate,
                gate_gap_s=gap_s(rule, subject.interval_s),
            ),
        )
        if draft is None or gate == NO_SERIES:
            return draft
        return replace(draft, further=(gate,))


def read(top: Section, section: Section) -> FromRest:
    """Return the condition that a rule file says."""
    ladder = read_ladder(section)
    nearest = min((abs(limit) for limit in ladder.releases), default=math.inf)
    within = section.number("follows_within", above=0, default=nearest / 2)
    if within > nearest:
        section.fault(
            "follows_within",
            f"must be at most {nearest:g}: the rest must stand while an alarm does",
        )
    only, gate = _only(section)
    return FromRest(
        quantity=top.word("quantity", Quantity),
        ladder=ladder,
        settings=FromRestSettings(
            assumed=_optional(section, "assumed", math.nan),
            learn=_learn(section),
            steady=section.number("steady", above=0),
            low=_optional(section, "rest_from", -math.inf),
            high=_optional(section, "rest_to", math.inf),
            follow_per_s=section.number("moves_per_h", low=0, default=0) / HOUR_S,
            within=within,
            relearn_s=_optional(section, "relearn_s", math.inf),
            is_signed=not ladder.is_above,
            gate_sign=1.0 if gate is None or gate.is_above else -1.0,
            gate_limit=0.0 if gate is None else gate.limit,
            gate_must=gate is not None and not gate.is_optional,
        ),
        declared=read_pairs(section, "rests"),
        only=only,
        sides=read_sides(section),
    )


def _only(section: Section) -> tuple[Quantity | None, Side | None]:
    """Return the reading that has a say, as a side condition of the device's own."""
    if not section.has("only"):
        return None, None
    only = section.section("only")
    if only.has("above") == only.has("below"):
        only.fault("quantity", "needs exactly one of above and below")
    key = "below" if only.has("below") else "above"
    gate = Side(
        of=Whose.SELF,
        quantity=only.word("quantity", Quantity),
        limit=only.number(key) if only.has(key) else math.nan,
        is_above=only.has("above"),
        is_optional=not only.flag("must"),
    )
    only.done()
    return gate.quantity, gate


def _learn(section: Section) -> int:
    learn = section.number("learn", low=1, default=12)
    if not math.isfinite(learn) or learn % 1 or learn > MOST_LEARNED:
        section.fault("learn", f"must be a whole number up to {MOST_LEARNED}")
        return 1
    return int(learn)


def _optional(section: Section, key: str, default: float) -> float:
    return section.number(key) if section.has(key) else default
