import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt_packets import MalformedPacketError, PacketBuffer, Publish

PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"


def length(value: int) -> bytes:
    octets = bytearray()
    while True:
        value, low = divmod(value, 128)
        octets.append(low | (128 if value else 0))
        if not value:
            return bytes(octets)


def publish(
    topic: str, payload: bytes, packet_id: int = 0, properties: bytes = b""
) -> bytes:
    """Write a PUBLISH as MQTT 5.0 clause 3.3 says."""
    name = topic.encode()
    rest = struct.pack(">H", len(name)) + name
    if packet_id:
        rest += struct.pack(">H", packet_id)
    rest += length(len(properties)) + properties + payload
    return bytes([0x32 if packet_id else 0x30]) + length(len(rest)) + rest


MESSAGES = st.builds(
    Publish,
    topic=st.text(st.characters(codec="utf-8"), max_size=20),
    payload=st.binary(max_size=300),
    packet_id=st.integers(0, 65535),
)
PACKETS = st.lists(
    st.sampled_from([PINGRESP, SUBACK])
    | st.tuples(MESSAGES, st.sampled_from([b"", b"\x01\x01", bytes(200)]))
)


@given(PACKETS, st.lists(st.integers(0, 2000)))
def test_messages_and_other_packets_are_told_apart_however_the_stream_is_cut(
    packets: list[bytes | tuple[Publish, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(
        each if isinstance(each, bytes) else publish(*each[0], each[1])
        for each in packets
    )
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    buffer, found = PacketBuffer(), list[bytes | Publish]()
    for start, end in itertools.pairwise(places):
        buffer.feed(stream[start:end])
        while True:
            found += buffer.publishes()
            if not buffer.has_other():
                break
            found.append(read_as_paho_does(buffer))
    assert found == [each if isinstance(each, bytes) else each[0] for each in packets]


def read_as_paho_does(buffer: PacketBuffer) -> bytes:
    head = buffer.read(1)
    octets = buffer.read(1)
    assert not octets[0] & 128
    return head + octets + (buffer.read(octets[0]) if octets[0] else b"")


@given(st.binary(max_size=200))
def test_noise_is_refused_or_left(noise: bytes) -> None:
    buffer = PacketBuffer()
    try:
        buffer.feed(noise)
        buffer.publishes()
        buffer.has_other()
    except MalformedPacketError:
        return


@pytest.mark.parametrize(
    "packet",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\x02\x00\x05",
        b"\x32\x05\x00\x03abc",
        b"\x30\x04\x00\x01\xff\x00",
        b"\x30\x04\x00\x01a\x09",
    ],
)
def test_a_broken_message_is_an_error(packet: bytes) -> None:
    buffer = PacketBuffer()
    buffer.feed(packet)
    with pytest.raises(MalformedPacketError):
        buffer.publishes()
