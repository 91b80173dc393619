"""What the conditions on vehicles share."""

from rules.files.located import Section
from vocabulary.device import DeviceKind


def vehicles_only(top: Section, section: Section) -> None:
    """Note a fault if a rule on another kind has a condition on positions."""
    kind = top.word("kind", DeviceKind)
    if kind is not DeviceKind.VEHICLE:
        top.fault("kind", f"{section.text('type')} judges vehicles, not {kind}")
