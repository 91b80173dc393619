"""Maintenance windows: somebody works there, so hits are recorded and not filed."""

from collections.abc import Collection
from dataclasses import dataclass

from rules.plan.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """One window. What it names must all be so; what it leaves out may be anything.

    Attributes:
        id: `maintenance_window.id`.
        from_us: When it begins, microseconds since 1970.
        until_us: When it is over; not part of it.
        component_id: This component.
        circuit_id: This device and all that hangs from it: a cabinet and its lamps.
        gateway_id: This gateway and every device it speaks for.
        device_id: This device alone.
        cell_id: This grid cell.
        rule: Code of this rule.
        safety: Whether alarms that are a matter of safety are kept back too.
    """

    id: int
    from_us: int
    until_us: int
    component_id: int | None = None
    circuit_id: int | None = None
    gateway_id: int | None = None
    device_id: int | None = None
    cell_id: int | None = None
    rule: str | None = None
    safety: bool = False

    def lasts_at(self, at_us: int) -> bool:
        """Tell whether it lasts at a time."""
        return self.from_us <= at_us < self.until_us

    def covers(self, rule: str, subject: Subject, above: Collection[int]) -> bool:
        """Tell whether an alarm of a rule on a device lies in it.

        Args:
            rule: The rule's code.
            subject: The device.
            above: The device itself and all that it hangs from.
        """
        return (
            self.rule in (None, rule)
            and self.component_id in (None, subject.component_id)
            and self.cell_id in (None, subject.cell_id)
            and self.gateway_id in (None, subject.gateway_id)
            and self.device_id in (None, subject.device_id)
            and (self.circuit_id is None or self.circuit_id in above)
        )
