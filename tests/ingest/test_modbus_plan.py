"""Serial lines in a gateway's plan, and what they become."""

import pytest

from ingest.forwarding.local_registry import snapshot_of
from ingest.forwarding.plan import PlanError, plan_from
from ingest.modbus.link import ModbusLink
from ingest.modbus.pollers import lines_of
from vocabulary.device import Transport
from vocabulary.serial_line import SerialLine, serial_line

PLAN = """
gateway = "EDGE-1"
[[modbus]]
code = "BUS-1"
host = "/dev/ttyS0"
framing = "serial"
line = "9600 8E1"
[[modbus.units]]
unit_id = 7
map = "lobaro_3000588"
"""


def test_a_serial_line_of_a_plan_is_polled() -> None:
    (line,) = lines_of(snapshot_of(plan_from(PLAN.encode()))).values()
    gateway = line.gateway
    assert gateway.transport is Transport.MODBUS_RTU
    assert (gateway.host, gateway.port, gateway.line) == ("/dev/ttyS0", 0, "9600 8E1")
    link = ModbusLink(gateway, timeout_s=1)
    assert link.where == "/dev/ttyS0 (9600 8E1)"
    assert link.timeout_s == pytest.approx(1 + 264 * 11 / 9600)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("9600 8E1", "9600", "no line such as"),
        ("9600 8E1", "9600 7E1", "8 data bits"),
        ("9600 8E1", "9601 8E1", "no line such as"),
        ("/dev/ttyS0", "socket://10.0.0.1:5", "no serial device"),
        ("/dev/ttyS0", "/dev/../etc/x", "no serial device"),
        ('"serial"', '"tcp"', 'line is for framing = "serial"'),
    ],
)
def test_a_serial_line_that_is_none_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        plan_from(PLAN.replace(old, new).encode())


def test_two_lines_cannot_use_one_device() -> None:
    second = PLAN.partition("[[modbus]]")[2].replace("BUS-1", "BUS-2")
    with pytest.raises(PlanError, match="two lines use this serial device"):
        plan_from(f"{PLAN}\n[[modbus]]{second}".encode())


def test_silence_between_frames_is_three_and_a_half_characters() -> None:
    assert serial_line("9600 8N1").silence_s() == pytest.approx(0.00401, rel=0.01)
    assert serial_line("19200 8E1").silence_s() == pytest.approx(0.002005, rel=0.01)
    assert serial_line("38400 8E1").silence_s() == 0.00175
    assert serial_line("9600 8N2") == SerialLine(
        baud=9600, data_bits=8, parity="N", stop_bits=2
    )
    assert serial_line("9600 8E1").frame_s(8) == pytest.approx(8 * 11 / 9600)
