"""What one incident does: who shows it."""

from collections.abc import Sequence
from dataclasses import replace

from simulators.city import Hardware
from simulators.gauges import PONDING_MM, peak_mm
from simulators.incidents import Cause, Incident
from simulators.misdeeds import misdeed
from simulators.pressure import LOW_KPA, SWING, burst_loss_kpa, usual_kpa
from simulators.town import Town
from vocabulary.device import DeviceKind

CLEAR_KPA = 8.0
"""A point is surely pulled low only if it falls this far below the limit."""

CLEAR_MM = 12.0
"""A gauge surely shows ponding only if it rises this far above the limit."""


def incident_at(
    town: Town,
    cause: Cause,
    device: Hardware,
    *,
    name: str,
    start_s: float,
    for_s: float,
) -> Incident | None:
    """Make one incident; None where the device cannot have it.

    Args:
        town: Where.
        cause: What.
        device: The device it happens to.
        name: Its id.
        start_s: When it is to begin; leaving an area takes some driving first.
        for_s: How long it is to last.
    """
    plain = Incident(
        id=name,
        cause=cause,
        device=device.code,
        starts_s=start_s,
        ends_s=start_s + for_s,
        members=(device.code,),
    )
    match cause:
        case Cause.CIRCUIT_OFF | Cause.GATEWAY_LOST:
            return _with_members(plain, _below(town, cause, device), ())
        case Cause.PIPE_BURST:
            return _with_members(plain, *_low_points(town, plain))
        case Cause.CLOUDBURST:
            return _with_members(plain, *_flooded(town, plain))
        case _ if device.kind is DeviceKind.VEHICLE:
            return misdeed(town, device, plain)
        case _:
            return plain


def _with_members(
    plain: Incident, members: Sequence[str], perhaps: Sequence[str]
) -> Incident:
    others = [code for code in members if code != plain.device]
    unsure = [code for code in perhaps if code not in {plain.device, *others}]
    return replace(plain, members=(plain.device, *others), perhaps=tuple(unsure))


def _below(town: Town, cause: Cause, device: Hardware) -> list[str]:
    """Return the lamps of a cabinet, or whatever hangs from a sensor's gateway."""
    if cause is Cause.GATEWAY_LOST:
        return [each.code for each in town.city.below(device.gateway)]
    lamps = town.city.of_kind(DeviceKind.LAMP)
    return [lamp.code for lamp in lamps if lamp.upstream == device.code]


def _low_points(town: Town, burst: Incident) -> tuple[list[str], list[str]]:
    """Return the points below the least service pressure: at any hour, and perhaps."""
    surely, perhaps = [], []
    for point in town.city.of_kind(DeviceKind.PRESSURE):
        loss = burst_loss_kpa(town, burst, point)
        if usual_kpa(town, point, demand=0) - loss < LOW_KPA - CLEAR_KPA:
            surely.append(point.code)
        elif (
            usual_kpa(town, point, demand=1) - loss * (1 + SWING) < LOW_KPA + CLEAR_KPA
        ):
            perhaps.append(point.code)
    return surely, perhaps


def _flooded(town: Town, burst: Incident) -> tuple[list[str], list[str]]:
    """Return the gauges at which the water reaches the filing line, and perhaps."""
    peaks = {
        gauge.code: peak_mm(town, burst, gauge)
        for gauge in town.city.of_kind(DeviceKind.GAUGE)
    }
    surely = [code for code, peak in peaks.items() if peak > PONDING_MM + CLEAR_MM]
    perhaps = [code for code, peak in peaks.items() if peak > PONDING_MM - CLEAR_MM]
    return surely, perhaps
