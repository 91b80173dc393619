"""Changed messages all the way to a batch: what a codec lets through can be placed.

A value that is no number of the database's, a time that no calendar holds, a name with
a NUL in it: the codec may find nothing wrong with them, and the intake must not fall.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.messages import Ear, arrivals_of
from ingest.names import Names
from store.journal.body import positions_body, readings_body
from store.telemetry.copy_binary import copy_octets, position_columns, reading_columns
from tests.ingest.test_foreign import NOW, town
from tests.protocols.mutants import mutated
from tests.protocols.test_captures import CAPTURES, Capture
from vocabulary.device import Format

NATIVE = {
    Format.CHIRPSTACK4: "application/a/device/d/event/up",
    Format.CHIRPSTACK3: "application/a/device/d/event/up",
    Format.TTN3: "v3/app/devices/d/up",
    Format.SENML: "senml",
    Format.THINGSBOARD: "v1/gateway/telemetry",
}
"""Where each format is published, below our own topics."""

RECORDED = {
    "gezhi-json": Format.GEZHI,
    "gezhi-msgpack": Format.GEZHI,
    "senml": Format.SENML,
    "senml-cbor": Format.SENML,
    "thingsboard": Format.THINGSBOARD,
    "sparkplug": Format.SPARKPLUG,
    "chirpstack3": Format.CHIRPSTACK3,
    "chirpstack4": Format.CHIRPSTACK4,
    "ttn3": Format.TTN3,
}
"""What a gateway must speak for a recording to be its own."""

FEW = (0x01, 0x20, 0x80, None)
"""What an octet is XORed with; None makes it 00."""

LORAWAN = frozenset({"chirpstack3", "chirpstack4", "ttn3"})
"""What explains their frames is another codec, which is not asked here."""

ALIASES = "tilt=tilt_deg*-1e300 temperature=battery_pct Cover/Tilt=tilt_deg"


def messages_of(capture: Capture, format_: Format) -> Iterator[MqttMessage]:
    """Return the messages of a recording as the broker would bring them."""
    for line in capture.sent.splitlines():
        topic, _, payload = line.rpartition(b" ")
        if line[:1] in {b"{", b"["}:
            topic, payload = b"", line
        elif payload[-1:] not in {b"}", b"]"}:
            payload = bytes.fromhex(payload.decode())
        if format_ is Format.GEZHI:
            yield MqttMessage("gezhi/v1/GW/up", payload)
            continue
        native = topic.decode() if format_ is Format.SPARKPLUG else NATIVE[format_]
        yield MqttMessage(f"gezhi/v1/GW/native/{native}", payload)


def placed(arrivals: list[Arrival], names: Names) -> int:
    """Make of arrivals all that would be sent to the database; count the rows."""
    batch = batch_of(arrivals, names, Memory(), at=NOW)
    assert np.isfinite(batch.readings.value).all()
    copy_octets(reading_columns(batch.readings))
    copy_octets(position_columns(batch.positions))
    readings_body(batch.readings)
    positions_body(batch.positions)
    for refusal in batch.refusals:
        assert len(refusal.detail) <= 600
    return len(batch.readings) + len(batch.positions)


def known_to(snapshot: Snapshot, address: str) -> Snapshot:
    """Return the registry with its device under another address."""
    device = replace(snapshot.devices[1], address=address)
    return Snapshot(
        version=1,
        gateways=snapshot.gateways,
        devices={1: device},
        series=snapshot.series,
    )


@pytest.mark.parametrize("protocol", RECORDED)
def test_whatever_a_codec_lets_through_can_be_placed(protocol: str) -> None:
    rows = mutants = 0
    for capture in CAPTURES:
        if capture.protocol.partition(":")[0] != protocol:
            continue
        format_ = RECORDED[protocol]
        spoken = {str(line.get("device", "")) for line in capture.expected} - {""}
        for address in sorted(spoken)[:2] or ["DEV"]:
            snapshot = known_to(town(format_, aliases=ALIASES), address)
            names = Names(snapshot)
            for message in messages_of(capture, format_):
                for payload in mutated(message.payload, FEW):
                    changed = MqttMessage(message.topic, payload)
                    heard = arrivals_of(
                        [changed],
                        received_at=NOW,
                        peer="broker",
                        committed=lambda: None,
                        ear=Ear(snapshot),
                    )
                    arrivals = [item for item in heard if isinstance(item, Arrival)]
                    rows += placed(arrivals, names)
                    mutants += 1
    assert mutants > 500
    assert rows or protocol in {
        "chirpstack3",
        "chirpstack4",
        "ttn3",
    }  # LoRaWAN's codecs
