"""Closing by proof: what the case's own sensor says, where a class demands it. Pure."""

from enum import StrEnum


class Sensor(StrEnum):
    """What the sensor says of the problem now."""

    AGREES = "agrees"  # it is over
    DISAGREES = "disagrees"  # it is not
    UNKNOWN = "unknown"  # nobody knows: it is not heard, or nobody judges it


def sensor_says(*, stands: bool, recovered: bool, is_silent: bool) -> Sensor:
    """Return what a case's sensor says.

    Args:
        stands: Whether any alarm of the case stands.
        recovered: Whether the last of them cleared; one that was withdrawn did not.
        is_silent: Whether a device of the case is not heard now.
    """
    if stands:
        return Sensor.DISAGREES
    return Sensor.AGREES if recovered and not is_silent else Sensor.UNKNOWN
