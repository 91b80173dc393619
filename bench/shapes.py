"""The messages that the benches of ingest send."""

from dataclasses import dataclass

QUANTITIES = ("tilt_deg", "battery_pct", "temperature_c", "rssi_dbm")
"""What each device measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of load.

    Attributes:
        messages: How many.
        devices_a_message: Devices that speak in each.
        values_a_device: Quantities each of them measures.
        devices: Devices below the gateway, taken in turn.
    """

    messages: int
    devices_a_message: int
    values_a_device: int
    devices: int = 1000

    @property
    def rows(self) -> int:
        """Readings in all."""
        return self.messages * self.devices_a_message * self.values_a_device


SHAPES = {
    "one value": Shape(messages=60_000, devices_a_message=1, values_a_device=1),
    "four values": Shape(messages=60_000, devices_a_message=1, values_a_device=4),
    "100 values": Shape(messages=6_000, devices_a_message=25, values_a_device=4),
}
"""By name."""
