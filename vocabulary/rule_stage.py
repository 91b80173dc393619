"""The life of a rule's version, and who of its stages may follow whom. Pure.

    draft ──▶ shadow ──▶ live ──▶ retired
      └───────────────────▲│
                           └──── retired, too, when the rule's next version goes live

The text of a version never changes: a retired one comes back as a draft of its own.
"""

from collections.abc import Mapping
from enum import StrEnum


class RuleStage(StrEnum):
    """Where a version of a rule stands; stored in `rule.stage`."""

    DRAFT = "draft"  # judges nothing
    SHADOW = "shadow"  # judges beside the live one and files nothing
    LIVE = "live"
    RETIRED = "retired"


NEXT: Mapping[RuleStage, frozenset[RuleStage]] = {
    RuleStage.DRAFT: frozenset({RuleStage.SHADOW, RuleStage.LIVE, RuleStage.RETIRED}),
    RuleStage.SHADOW: frozenset({RuleStage.DRAFT, RuleStage.LIVE, RuleStage.RETIRED}),
    RuleStage.LIVE: frozenset({RuleStage.RETIRED}),
    RuleStage.RETIRED: frozenset({RuleStage.DRAFT}),
}
"""What may follow each stage."""

JUDGING: frozenset[RuleStage] = frozenset({RuleStage.SHADOW, RuleStage.LIVE})
"""Stages in which a version judges; of each rule at most one version is in each."""


def refusal(stage: RuleStage, to: RuleStage) -> str:
    """Return why one stage may not follow another; empty if it may."""
    if to in NEXT[stage]:
        return ""
    allowed = ", ".join(each for each in RuleStage if each in NEXT[stage])
    return f"what is {stage} cannot become {to}; it may become {allowed}"
