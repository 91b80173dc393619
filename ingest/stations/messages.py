"""What messages of known stations bring: pure, for the edges and for another try."""

from dataclasses import replace

from devices.registry.snapshot import Snapshot
from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212 import TELLINGS, Package, encode_segment
from ingest.protocols.hj212 import readings_of as hj212_readings_of
from ingest.protocols.sl651 import Frame, Function, readings_of, report_from
from ingest.protocols.sl651.frame import MAX_BODY, encode_frame
from ingest.stations.station import as_profile_says, unknown_station, zone_of
from vocabulary.device import Device, Transport
from vocabulary.reading import Reading
from vocabulary.refusal import Reason

TAKEN = frozenset(
    {
        Function.UNIFORM,
        Function.TIMED,
        Function.EXTRA,
        Function.HOURLY,
        Function.CURRENT,
        Function.PERIOD,
        Function.CHOSEN,
        Function.STATUS,
    }
)
"""Functions of SL 651 whose elements become readings."""


def sl651_content(
    message: Frame, station: Device | None, snapshot: Snapshot
) -> list[Reading | ProtocolError]:
    """Return what a message of SL 651 says.

    Args:
        message: Whole.
        station: Who sent it; None if nobody registered it.
        snapshot: The registry.

    Raises:
        ProtocolError: If it is not taken in; a test is kept apart (H.4.8).
    """
    octets = _octets(message)
    if station is None:
        raise unknown_station(Transport.SL651, message.station, octets)
    report = report_from(message, zone_of(station))
    if message.function == Function.KEEP_ALIVE:
        return []
    words = f"message {message.function:02X} of station {message.station}"
    if message.function == Function.TEST:
        detail = f"{words} is a test; it is kept here and nowhere else"
        raise ProtocolError(Reason.TEST_MESSAGE, detail, octets)
    if message.function not in TAKEN:
        detail = f"{words} is nothing that becomes a reading"
        raise ProtocolError(Reason.UNKNOWN_MESSAGE, detail, octets)
    items = [*readings_of(report), *report.errors]
    return as_profile_says(items, snapshot, station.gateway)


def hj212_content(
    package: Package, station: Device | None
) -> list[Reading | ProtocolError]:
    """Return what a package of HJ 212 says.

    Args:
        package: From a device.
        station: Who sent it; None if nobody registered it.

    Raises:
        ProtocolError: If it is not taken in.
    """
    octets = encode_segment(package)
    if station is None:
        raise unknown_station(Transport.HJ212, package.device, octets)
    if package.command not in TELLINGS:
        detail = f"command {package.command} of {package.device} carries no readings"
        raise ProtocolError(Reason.UNKNOWN_MESSAGE, detail, octets)
    return [*hj212_readings_of(package, zone_of(station)), *package.errors]


def _octets(message: Frame) -> bytes:
    """Return a message as one frame, so that it can be read again by itself."""
    if len(message.body) > MAX_BODY:
        return message.body
    return encode_frame(replace(message, packet=None))
