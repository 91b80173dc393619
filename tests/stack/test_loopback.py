import socket
from pathlib import Path

import pytest

from gezhi.demo import with_free_ports
from gezhi.settings import Settings
from gezhi.stack.loopback import LOOPBACK, free_port, kept_port

OF_LINUX = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(
    not OF_LINUX.exists(), reason="only Linux says which ports it gives"
)
def test_a_server_that_is_down_for_a_moment_finds_no_connection_on_its_port(
    tmp_path: Path,
) -> None:
    first, _ = map(int, OF_LINUX.read_text().split())
    if first != 32_768:
        pytest.skip("somebody has chosen other ports for connections")
    ports = [kept_port(tmp_path / str(n)) for n in range(20)]
    assert max(ports) < first
    assert len(set(ports)) == len(ports)


def test_a_port_that_somebody_listens_on_is_given_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = kept_port(tmp_path / "port")
    assert kept_port(tmp_path / "port") == port
    monkeypatch.setattr("gezhi.stack.loopback.FIRST_PORT", port)
    monkeypatch.setattr("gezhi.stack.loopback.PORTS", 1)
    assert free_port() == port
    with socket.create_server((LOOPBACK, port)), pytest.raises(OSError, match="free"):
        free_port()


def test_the_demo_goes_elsewhere_where_a_port_is_taken_for_datagrams_only() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
        names = ("GEZHI_NMEA_UDP_PORT", "GEZHI_JT808_UDP_PORT")
        found = with_free_ports(Settings.from_environ(dict.fromkeys(names, str(port))))
    assert port not in {found.nmea_udp_port, found.jt808_udp_port}
