"""Which of the rules that judge look at a geofence, and how they name it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.conditions.fence_keys import OnFences
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.town import ALL, KIND, OWN, named_fences
from store.connection import Connection
from store.rules.versions import judging_rules
from vocabulary.registry_facts import GeofenceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceUser:
    """A rule on geofences that is live or on trial.

    Attributes:
        code: The rule's.
        version: Its version.
        stage: live or shadow.
        name_zh: 规则名称.
        name_en: Its name.
        fences: Which it judges by, as its file says: own, all, kind WORD, or codes.
    """

    code: str
    version: int
    stage: str
    name_zh: str
    name_en: str
    fences: str

    @property
    def kind(self) -> str:
        """The kind of geofence that it names; empty if it names them otherwise."""
        found = KIND.fullmatch(self.fences)
        return found[1] if found else ""

    @property
    def is_of_all(self) -> bool:
        """Whether it judges by every geofence."""
        return self.fences == ALL

    @property
    def is_of_areas(self) -> bool:
        """Whether it judges a vehicle by its own work area."""
        return self.fences == OWN

    def names(self, code: str) -> bool:
        """Tell whether it names a geofence by its code."""
        if self.is_of_all or self.is_of_areas or self.kind:
            return False
        return code in {word.strip() for word in self.fences.split(",")}

    def judges_by(self, fence: GeofenceFacts, *, is_work_area: bool) -> bool:
        """Tell whether it judges vehicles by a geofence.

        Args:
            fence: Any.
            is_work_area: Whether it is the work area of a vehicle.
        """
        if self.fences == OWN:
            return is_work_area
        return bool(named_fences(self.fences, (fence,)))


async def fence_users(connection: Connection) -> Sequence[FenceUser]:
    """Return the rules on geofences that judge, by ascending code and version."""
    users = []
    for text in await judging_rules(connection):
        try:
            rule = parse_rule(text.source, version=text.version)
        except RuleFileError:
            continue  # no rule of this release; the worker leaves it out as well
        if isinstance(rule.condition, OnFences):
            users.append(
                FenceUser(
                    code=text.code,
                    version=text.version,
                    stage=text.stage,
                    name_zh=rule.name.zh,
                    name_en=rule.name.en,
                    fences=rule.condition.keys.fences,
                )
            )
    return users
