"""A gateway's plan counts whole or not at all."""

import pytest

from ingest.forwarding.local_registry import snapshot_of
from ingest.forwarding.orders import Orders, Source
from ingest.forwarding.plan import PlanError, plan_from
from vocabulary.device import Transport

GOOD = b"""
gateway = "EDGE-1"

[[modbus]]
code = "CAB-1"
host = "192.168.1.10"
framing = "rtu"
[[modbus.units]]
unit_id = 1
map = "gezhi_cabinet"
parts = ["lamp/01", "lamp/02"]
interval_s = 5

[[nmea]]
code = "GPS"
tcp_port = 10110
udp_port = 10110

[[hj212]]
code = "WATER"
port = 5212
stations = [{address = "010000A8900016F000169DC0", quantities = ["cod_mg_l"]}]
"""


def problems_of(octets: bytes, *, gateway: str = "") -> list[str]:
    with pytest.raises(PlanError) as caught:
        plan_from(octets, gateway=gateway)
    return list(caught.value.problems)


def test_a_plan_is_a_registry_to_the_edges() -> None:
    snapshot = snapshot_of(plan_from(GOOD))
    assert {code: g.transport for code, g in snapshot.gateways.items()} == {
        "CAB-1": Transport.MODBUS_RTU_TCP,
        "WATER": Transport.HJ212,
    }
    cabinet = snapshot.device_id("CAB-1", "1/lamp/02")
    assert cabinet is not None
    assert snapshot.devices[cabinet].register_map == "gezhi_cabinet"
    assert snapshot.devices[cabinet].expected_interval_s == 5
    assert snapshot.device_id("CAB-1", "1") is not None
    outfall = snapshot.device_id("WATER", "010000A8900016F000169DC0")
    assert outfall is not None
    assert snapshot.series_id(outfall, "cod_mg_l") is not None


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = GOOD.replace(b"gezhi_cabinet", b"gezhi_cupboard")
    wrong = wrong.replace(b'"GPS"', b'"CAB-1"').replace(b"5212", b"10110")
    problems = problems_of(wrong, gateway="EDGE-2")
    assert len(problems) == 4
    for part in ("gezhi_cupboard", "CAB-1: two", "TCP port 10110", "is EDGE-2"):
        assert any(part in problem for problem in problems), part


@pytest.mark.parametrize(
    ("right", "wrong", "word"),
    [
        (b"unit_id = 1", b"unit_id = 248", "247"),
        (b"unit_id = 1", b"unit_idd = 1", "unit_id"),
        (b"interval_s = 5", b"interval_s = 0", "interval_s"),
        (b"10110", b"65536", "65535"),
        (b'"CAB-1"', b'"CAB/1"', "CAB/1"),
        (b'"EDGE-1"', b'"EDGE+1"', "EDGE+1"),
        (b"lamp/02", b"lamp/01", "part lamp/01 stands twice"),
        (b"lamp/02", b"lamp/65", "lamp/65"),
        (b"cod_mg_l", b"cod", "cod"),
        (b"[[nmea]]", b"[[nmea]", "line"),
        (b"gateway", b"\xff", "utf-8"),
    ],
)
def test_a_wrong_field_is_named(right: bytes, wrong: bytes, word: str) -> None:
    assert word in " ".join(problems_of(GOOD.replace(right, wrong)))


def test_a_plan_from_upstream_outlives_a_restart_and_can_be_taken_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("gateway")
    file, kept = folder / "plan.toml", folder / "kept.toml"
    file.write_bytes(GOOD)
    other = GOOD.replace(b"192.168.1.10", b"192.168.1.11")
    assert Orders(file, kept).take(other)
    orders = Orders(file, kept)
    assert orders.order.source is Source.UPSTREAM
    assert orders.order.plan.modbus[0].host == "192.168.1.11"
    assert not orders.take(other), "a retained plan comes again with each connection"
    assert orders.take(b"")
    assert Orders(file, kept).order.source is Source.FILE


def test_a_plan_that_was_damaged_on_disk_leaves_the_local_one_in_force(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("gateway")
    file, kept = folder / "plan.toml", folder / "kept.toml"
    file.write_bytes(GOOD)
    kept.write_bytes(GOOD[:40])
    orders = Orders(file, kept)
    assert orders.order.source is Source.FILE
    assert orders.refused is not None
