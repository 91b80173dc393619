from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, named_readings
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.names import Names
from tests.ingest.test_assemble import device, gateway
from tests.store.rows import NOON
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason, Refusal

NAMES = Names(
    Snapshot(
        version=1,
        gateways={"GW-1": gateway(1)},
        devices={n: device(n, below="GW-1") for n in (1, 2)},
        series={11: (1, "tilt_deg"), 21: (2, "tilt_deg")},
    )
)

Words = tuple[float, str, str]
"""Seconds after noon, who speaks, and from which peer."""


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def readings_from(said: Words, transport: Transport) -> Arrival:
    at_s, name, peer = said
    reading = Reading(
        device=name, quantity=Quantity.TILT_DEG, measured_at=after(at_s), value=at_s
    )
    return Arrival(
        transport=transport,
        gateway="GW-1",
        peer=peer,
        received_at=after(at_s),
        readings=named_readings([reading]),
        positions=(),
        refusals=(),
        committed=None,
    )


def fix_from(said: Words, lon: float, transport: Transport = Transport.NMEA) -> Arrival:
    at_s, name, peer = said
    fix = Position(device=name, fixed_at=after(at_s), lon=lon, lat=35.0, speed_kmh=30.0)
    return Arrival(
        transport=transport,
        gateway="GW-1",
        peer=peer,
        received_at=after(at_s),
        readings=None,
        positions=[fix],
        refusals=(),
        committed=None,
    )


def refused(arrivals: Iterable[Arrival], memory: Memory | None = None) -> list[Refusal]:
    """Return what is refused when each arrival is a batch of its own."""
    memory = memory or Memory()
    batches = [
        batch_of([each], NAMES, memory, at=each.received_at) for each in arrivals
    ]
    refusals = [refusal for batch in batches for refusal in batch.refusals]
    assert {refusal.reason for refusal in refusals} <= {Reason.CLONED_IDENTITY}
    return refusals


def refused_readings(
    said: Sequence[Words], transport: Transport = Transport.HJ212
) -> list[Refusal]:
    apart = refused(readings_from(each, transport) for each in said)
    arrivals = [readings_from(each, transport) for each in said]
    together = batch_of(arrivals, NAMES, Memory(), at=NOON).refusals
    if said and said[-1][0] < 600:  # batches do not matter
        assert [each.octets for each in apart] == [each.octets for each in together]
    return apart


def in_turn(peers: Sequence[str], count: int, every_s: float = 10) -> list[Words]:
    return [(n * every_s, "MH-1", peers[n % len(peers)]) for n in range(count)]


def test_of_two_hosts_that_speak_in_turn_the_later_one_is_refused() -> None:
    refusals = refused_readings(in_turn(["10.0.0.1:5001", "10.0.0.2:5002"], 20))
    assert [refusal.peer for refusal in refusals] == ["10.0.0.2:5002"] * 5
    assert refusals[0].identity == "MH-1"
    assert "10.0.0.1:5001 and, in turn, from 10.0.0.2:5002" in refusals[0].detail


def test_a_host_that_comes_back_with_other_ports_is_no_clone() -> None:
    assert not refused_readings([(n, "MH-1", f"10.0.0.1:{n}") for n in range(99)])
    assert not refused_readings(in_turn(["10.0.0.1:1", "10.0.0.1:2"], 99))


def test_a_device_that_moves_to_another_host_is_no_clone() -> None:
    before = in_turn(["10.0.0.1:1"], 20)
    moved = [(300.0 + n, "MH-1", "10.0.0.2:1") for n in range(20)]
    assert not refused_readings([*before, *moved])


def test_addresses_from_a_pool_are_no_clone() -> None:
    pool = [f"100.64.0.{n}:4000" for n in (1, 2, 3, 2, 1, 4)]
    assert not refused_readings(in_turn(pool, 200))


def test_one_line_for_the_day_and_one_for_the_night_are_no_clone() -> None:
    assert not refused_readings(in_turn(["10.0.0.1:1", "10.0.0.2:1"], 50, every_s=700))


def test_when_the_first_one_is_gone_the_other_is_believed() -> None:
    said = in_turn(["10.0.0.1:1", "10.0.0.2:1"], 20)
    alone = [(200 + 30.0 * n, "MH-1", "10.0.0.2:1") for n in range(40)]
    refusals = refused_readings([*said, *alone])
    assert len(refusals) == 5 + 20  # ten minutes after the first one's last word


def test_another_device_at_the_same_time_is_not_touched() -> None:
    said = in_turn(["10.0.0.1:1", "10.0.0.2:1"], 40)
    others = [(at_s, "MH-2", "10.0.0.9:1") for at_s, _, _ in said]
    refusals = refused_readings(
        [each for row in zip(said, others, strict=True) for each in row]
    )
    assert {refusal.identity for refusal in refusals} == {"MH-1"}


@pytest.mark.parametrize("transport", [Transport.MQTT, Transport.MODBUS_TCP])
def test_where_we_call_the_peer_says_nothing(transport: Transport) -> None:
    said = in_turn(["10.0.0.1:1883", "10.0.0.2:1883"], 99)
    assert not refused_readings(said, transport)


@given(
    st.lists(
        st.tuples(st.floats(0, 900), st.sampled_from(["10.0.0.1", "10.0.0.2", "::1"])),
        max_size=60,
    )
)
def test_the_first_host_is_never_refused_while_it_speaks(
    steps: list[tuple[float, str]],
) -> None:
    at_s, said = 0.0, [(0.0, "MH-1", "10.0.0.1:1")]
    for gap_s, host in steps:
        said += [(at_s + gap_s / 2, "MH-1", f"{host}:1")]
        at_s += gap_s
        said += [(at_s, "MH-1", "10.0.0.1:2")]
    assert not any(
        refusal.peer.startswith("10.0.0.1") for refusal in refused_readings(said)
    )


def two_vehicles(
    count: int, *, apart: float, peers: Sequence[str], transport: Transport
) -> list[Arrival]:
    """Two that drive east under one name, so many degrees apart, heard in turn."""
    return [
        fix_from(
            (5.0 * n, "MH-1", peers[n % 2]), 111.0 + n * 1e-5 + n % 2 * apart, transport
        )
        for n in range(count)
    ]


PEERS = ["127.0.0.1:5001", "127.0.0.1:5002"]


def test_of_two_vehicles_under_one_name_the_later_one_is_refused() -> None:
    arrivals = two_vehicles(40, apart=0.1, peers=PEERS, transport=Transport.NMEA)
    memory = Memory()
    refusals = refused(arrivals, memory)
    assert [refusal.peer for refusal in refusals] == [PEERS[1]] * 17
    together = batch_of(arrivals, NAMES, Memory(), at=NOON)
    assert len(together.refusals) == 17
    assert len(together.positions) == 23
    alone = [
        fix_from((200 + 5.0 * n, "MH-1", PEERS[0]), 111.0 + n * 1e-5) for n in range(9)
    ]
    batch = batch_of(alone, NAMES, memory, at=NOON)
    assert batch.positions.quality.tolist() == [0] * 9
    assert batch.refusals == []


def test_one_vehicle_on_two_lines_is_no_clone() -> None:
    assert not refused(
        two_vehicles(99, apart=1e-4, peers=PEERS, transport=Transport.NMEA)
    )


@pytest.mark.parametrize("transport", [Transport.NMEA, Transport.MQTT])
def test_one_receiver_that_jumps_to_and_fro_is_flagged_and_kept(
    transport: Transport,
) -> None:
    arrivals = two_vehicles(40, apart=0.1, peers=PEERS[:1] * 2, transport=transport)
    batch = batch_of(arrivals, NAMES, Memory(), at=NOON)
    assert batch.refusals == []
    assert batch.positions.quality.tolist() == [0] + [Quality.JUMP] * 39


def test_a_vehicle_that_reconnects_far_from_where_it_was_lost_is_no_clone() -> None:
    lost = [fix_from((n, "MH-1", PEERS[0]), 111.0) for n in range(9)]
    found = [fix_from((1800 + n, "MH-1", PEERS[1]), 111.5) for n in range(9)]
    glitch = [fix_from((1830, "MH-1", PEERS[1]), 112.5)]
    again = [fix_from((1831 + n, "MH-1", "127.0.0.1:5003"), 111.5) for n in range(9)]
    assert not refused(lost + found + glitch + again)


def test_a_backlog_beside_live_fixes_is_no_clone() -> None:
    live = [fix_from((7200 + n, "MH-1", PEERS[0]), 111.0 + n * 1e-4) for n in range(50)]
    kept = [
        Arrival(
            transport=Transport.NMEA,
            gateway="GW-1",
            peer=PEERS[1],
            received_at=after(7200 + n),
            readings=None,
            positions=fix_from((60.0 * n, "MH-1", PEERS[1]), 112.0).positions,
            refusals=(),
            committed=None,
        )
        for n in range(50)
    ]
    assert not refused(each for row in zip(live, kept, strict=True) for each in row)
