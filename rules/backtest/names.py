"""What rules and devices are called, over all plans that a backtest judged under."""

from dataclasses import dataclass, field

from rules.plan.plan import Plan


@dataclass(slots=True)
class Names:
    """Names of what was judged.

    Attributes:
        rules: Codes of rules that file, not of those on trial.
        groups: Codes of groups whose members they may be.
        devices: Codes of the devices, by id.
    """

    rules: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    devices: dict[int, str] = field(default_factory=dict)

    def learn(self, plan: Plan) -> None:
        """Add those of a plan."""
        shadow = plan.layout.shadow
        rules = {r.code for r in plan.rules if (r.code, r.version) not in shadow}
        groups = plan.layout.settings.groups
        self.rules |= rules
        self.groups |= {group.code for group in groups if rules & set(group.of)}
        self.devices.update(plan.device_codes)

    def alarm_codes(self) -> list[str]:
        """Return the codes that alarms may have: rules, groups and storms."""
        rules = sorted(self.rules)
        groups = [f"group:{code}" for code in sorted(self.groups)]
        return [*rules, *groups, *(f"storm:{code}" for code in rules)]
