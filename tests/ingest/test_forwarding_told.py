"""Nothing that an edge heard is left out of what is told upstream."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.arrival import Arrival, named_readings
from ingest.forwarding.told import MOST_PARTS, messages_of
from ingest.protocols.gezhi_message import SAID
from ingest.protocols.up_message import DoubtfulReadings
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

START = datetime(2026, 11, 21, 4, tzinfo=UTC)

READINGS = st.builds(
    Reading,
    device=st.sampled_from(["1", "1/lamp/01", "7"]),
    quantity=st.sampled_from([Quantity.POWER_W, Quantity.VOLTAGE_V]),
    measured_at=st.integers(0, 3).map(lambda s: START + timedelta(seconds=s)),
    value=st.integers(0, 9).map(float),
    quality=st.sampled_from([Quality.GOOD, *SAID]),
)


def arrival(readings: list[Reading], positions: list[Position]) -> Arrival:
    return Arrival(
        transport=Transport.MODBUS_TCP,
        gateway="CAB-1",
        peer="",
        received_at=START,
        readings=named_readings(readings) if readings else None,
        positions=positions,
        refusals=(),
        committed=None,
    )


@given(st.lists(READINGS, max_size=30))
def test_every_reading_is_told_once_in_order_below_its_line(
    readings: list[Reading],
) -> None:
    told = [
        (part.device, quantity, part.measured_at, value, part.quality)
        for message in messages_of(arrival(readings, []))
        for part in message.readings
        if isinstance(part, DoubtfulReadings)
        for quantity, value in part.values.items()
    ]
    assert told == [
        (f"CAB-1/{r.device}", r.quantity, r.measured_at, r.value, r.quality)
        for r in readings
    ]


def test_a_long_arrival_becomes_several_messages() -> None:
    count = 2 * MOST_PARTS + 1
    readings = [
        Reading(
            device=str(n), quantity=Quantity.POWER_W, measured_at=START, value=float(n)
        )
        for n in range(count)
    ]
    fixes = [
        Position(device="VT-1", fixed_at=START, lon=111.0, lat=35.0)
        for _ in range(count)
    ]
    messages = list(messages_of(arrival(readings, fixes)))
    sizes = [(len(each.readings), len(each.positions)) for each in messages]
    full = MOST_PARTS
    assert sizes == [(full, 0), (full, 0), (1, 0), (0, full), (0, full), (0, 1)]
    assert messages[-1].positions[0].device == "CAB-1/VT-1"


def test_an_arrival_that_says_nothing_is_no_message() -> None:
    assert list(messages_of(arrival([], []))) == []
