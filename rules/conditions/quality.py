"""`quality`: too many samples that are doubtful by themselves.

bits: [stuck]              # quality bits; any of them counts
window_s: 600
least: 5                   # with fewer samples in the window nothing is known
above: 0.8                 # share of the samples
"""

from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import ALWAYS_REFUSED, Rule, Side
from rules.measures.bits import BitsSettings
from rules.measures.ring import capacity
from rules.plan.draft import Draft, draft_sides, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity

BITS = {bit.name.lower(): bit for bit in Quality if bit.name and bit}
"""Quality bits by their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadQuality:
    """A device whose samples are doubtful by themselves.

    Attributes:
        quantity: What is judged; None for positions.
        mask: The bits.
        window_s: Over how much time their share is taken.
        least: With fewer samples the share is unknown.
        ladder: Limits of the share, 0 to 1.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity | None
    mask: Quality
    window_s: float
    least: int
    ladder: Ladder
    sides: tuple[Side, ...] = ()

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.ladder.severities

    def draft(self, rule: Rule, subject: Subject, by_id: Town) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        measure = BitsSettings(
            mask=int(self.mask),
            least=self.least,
            window_s=self.window_s,
            capacity=capacity(self.window_s, subject.interval_s),
        )
        if self.quantity is not None:
            return draft_of_series(
                rule,
                subject,
                by_id,
                quantity=self.quantity,
                ladder=self.ladder,
                sides=self.sides,
                measure=measure,
            )
        sides = draft_sides(rule, self.sides, subject, by_id)
        if sides is None:
            return None
        return Draft(
            rule=rule,
            subject=subject,
            limits=self.ladder.limits,
            releases=self.ladder.releases,
            is_above=self.ladder.is_above,
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=measure,
            sides=sides,
        )


def read(top: Section, section: Section) -> BadQuality:
    """Return the condition that a rule file says."""
    is_vehicle = top.word("kind", DeviceKind) is DeviceKind.VEHICLE
    least = section.number("least", low=1, default=5)
    if least != least or least % 1:  # noqa: PLR0124 NaN stands for a fault noted
        section.fault("least", "must be a whole number")
        least = 1
    return BadQuality(
        quantity=None if is_vehicle else top.word("quantity", Quantity),
        mask=_mask(section),
        window_s=section.number("window_s", above=0),
        least=int(least),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )


def _mask(section: Section) -> Quality:
    mask = Quality.GOOD
    for word in section.word_list("bits", BITS):
        mask |= BITS[word]
    if mask & ALWAYS_REFUSED:
        section.fault("bits", "samples from the future are never judged")
    return mask
