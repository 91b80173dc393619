"""What was refused, read again by the codec it came through: pure.

    rows and fixes that could not be placed   as `kept` keeps them, any transport
    a whole MQTT payload                      by its topic, as if it came now
    NMEA 0183 sentences of one fix            for the terminal that it is known to be of
    a frame of SL 651, a segment of HJ 212    for the station that it names

Anything else is a part of a message that says nothing by itself. Frames of JT/T 808 are
not read again: whoever sent them had not proved who it is, and a terminal sends by
itself what was not acknowledged.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.messages import Ear, arrivals_of
from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212 import decode_segment
from ingest.protocols.nmea0183 import NmeaStream
from ingest.protocols.sl651 import Frame, Sl651Stream
from ingest.quarantine.kept import kept_fix, kept_readings
from ingest.quarantine.refused import refusal_of
from ingest.stations.messages import hj212_content, sl651_content
from ingest.stations.station import arrival_of, station_of
from store.quarantine.refused import Quarantined
from store.quarantine.retry import KeptMessage
from vocabulary.device import Device, Transport
from vocabulary.position import Position
from vocabulary.reading import Reading


def arrivals_again(
    row: Quarantined, message: KeptMessage, snapshot: Snapshot
) -> Sequence[Arrival]:
    """Return what a kept message says now; nothing if it cannot be read by itself.

    Args:
        row: Where it lies.
        message: What came, and when.
        snapshot: The registry: it says what the gateway speaks.
    """
    readings, fix = kept_readings(message.octets), kept_fix(message.octets)
    if readings is not None or fix is not None:
        return [
            Arrival(
                transport=Transport(row.transport),
                gateway=row.gateway,
                peer=row.peer,
                received_at=message.received_at,
                readings=readings,
                positions=[] if fix is None else [fix],
                refusals=[],
                committed=None,
            )
        ]
    read = _READERS.get(row.transport)
    return read(row, message, snapshot) if read else []


def _read_mqtt(
    row: Quarantined, message: KeptMessage, snapshot: Snapshot
) -> Sequence[Arrival]:
    if not row.topic:
        return []
    heard = arrivals_of(
        [MqttMessage(row.topic, message.octets)],
        received_at=message.received_at,
        peer=row.peer,
        committed=_nobody_waits,
        ear=Ear(snapshot),
    )
    return [each for each in heard if isinstance(each, Arrival)]


def _read_nmea(
    row: Quarantined, message: KeptMessage, snapshot: Snapshot
) -> Sequence[Arrival]:
    del snapshot
    if not row.identity:
        return []
    stream = NmeaStream(terminal=row.identity)
    items = [
        *stream.receive_data(message.octets, message.received_at),
        *stream.receive_eof(message.received_at),
    ]
    return [
        Arrival(
            transport=Transport.NMEA,
            gateway=row.gateway,
            peer=row.peer,
            received_at=message.received_at,
            readings=None,
            positions=[item for item in items if isinstance(item, Position)],
            refusals=[
                refusal_of(
                    item,
                    transport=Transport.NMEA,
                    gateway=row.gateway,
                    peer=row.peer,
                    identity=row.identity,
                )
                for item in items
                if isinstance(item, ProtocolError)
            ],
            committed=None,
        )
    ]


def _read_sl651(
    row: Quarantined, message: KeptMessage, snapshot: Snapshot
) -> Sequence[Arrival]:
    stream = Sl651Stream()
    match [*stream.receive_data(message.octets), *stream.receive_eof()]:
        case [Frame() as frame]:
            station = station_of(snapshot, Transport.SL651, frame.station)
            content = partial(sl651_content, frame, station, snapshot)
            return [_station_arrival(row, message, station, content)]
        case _:
            return []


def _read_hj212(
    row: Quarantined, message: KeptMessage, snapshot: Snapshot
) -> Sequence[Arrival]:
    try:
        package = decode_segment(message.octets)
    except ProtocolError:
        return []
    station = station_of(snapshot, Transport.HJ212, package.device)
    content = partial(hj212_content, package, station)
    return [_station_arrival(row, message, station, content)]


def _station_arrival(
    row: Quarantined,
    message: KeptMessage,
    station: Device | None,
    content: Callable[[], Sequence[Reading | ProtocolError]],
) -> Arrival:
    try:
        items = content()
    except ProtocolError as error:
        items = [error]
    return arrival_of(
        items,
        transport=Transport(row.transport),
        gateway=station.gateway if station else row.gateway,
        identity=row.identity,
        peer=row.peer,
        at=message.received_at,
    )


_READERS: Mapping[
    str, Callable[[Quarantined, KeptMessage, Snapshot], Sequence[Arrival]]
] = {
    Transport.MQTT: _read_mqtt,
    Transport.NMEA: _read_nmea,
    Transport.SL651: _read_sl651,
    Transport.HJ212: _read_hj212,
}


def _nobody_waits() -> None:
    """Acknowledge nothing: that was done when it was refused."""
