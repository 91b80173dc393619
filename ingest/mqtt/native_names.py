"""From the names a device has for what it measures to our quantities. Pure."""

from collections.abc import Mapping

from devices.registry.snapshot import Snapshot
from ingest.protocols.up_message import Number
from vocabulary.alias import AliasError, aliases_of
from vocabulary.device import Device
from vocabulary.refusal import Reason

MOST_NAMES_TOLD = 10
"""How many of a device's names a refusal lists."""


def ours(
    snapshot: Snapshot, device: Device, values: Mapping[str, Number]
) -> dict[str, float]:
    """Return the values that the device's profile asks for, by quantity.

    A name that is a quantity of ours is taken; an alias is taken before it. What the
    profile does not ask for is left out.

    Args:
        snapshot: The registry.
        device: Whose they are.
        values: By name.

    Raises:
        AliasError: If the profile's aliases cannot be read.
    """
    found = {
        name: float(value)
        for name, value in values.items()
        if snapshot.series_id(device.id, name) is not None
    }
    for alias in aliases_of(device.aliases):
        is_wanted = snapshot.series_id(device.id, alias.quantity) is not None
        if is_wanted and alias.name in values:
            found[alias.quantity.value] = alias.ours(float(values[alias.name]))
    return found


def nothing_ours(device: Device, values: Mapping[str, Number]) -> tuple[Reason, str]:
    """Return why none of a device's values can be taken, and the same for people."""
    names = ", ".join(sorted(values)[:MOST_NAMES_TOLD])
    detail = (
        f"{device.address} says {names}: none is a quantity of its profile; give the "
        "profile the quantity, and an alias where the name is another"
    )
    return Reason.UNKNOWN_QUANTITY, detail


def bad_aliases(error: AliasError) -> tuple[Reason, str]:
    """Return why a profile's aliases cannot be used, and the same for people."""
    return Reason.UNKNOWN_QUANTITY, f"its profile's aliases: {error}"
