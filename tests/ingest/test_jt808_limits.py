"""What one line, one address and all together may ask of us."""

import pytest

from ingest.gate import address_of
from ingest.jt808.limits import Bucket, Doors, Limits


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(per_s=100, burst=1000)
    assert bucket.take(1000, 5.0) == 0
    assert bucket.take(50, 5.0) == pytest.approx(0.5)
    assert bucket.take(0, 5.5) == 0
    assert bucket.take(100, 6.5) == 0
    assert bucket.take(1, 6.5) == pytest.approx(0.01)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(per_s=100, burst=1000)
    bucket.take(0, 0.0)
    assert bucket.take(1500, 1e6) == pytest.approx(5.0)


def test_doors_count_all_lines_lines_of_an_address_and_strangers() -> None:
    doors = Doors(Limits(lines=4, lines_per_address=3, strangers_per_address=2))
    assert doors.enter("a") == ""
    assert doors.enter("a") == ""
    assert "said who they are" in doors.enter("a")
    doors.prove("a")
    assert doors.enter("a") == ""
    assert "3 lines are open from a" in doors.enter("a")
    assert doors.enter("b") == ""
    assert "4 lines are open already" in doors.enter("b")
    assert (doors.lines, doors.turned_away) == (4, 3)
    doors.leave("a", is_stranger=False)
    assert doors.lines == 3
    assert doors.enter("b") == ""


def test_an_address_that_has_left_is_forgotten() -> None:
    doors = Doors(Limits())
    for n in range(1000):
        assert doors.enter(f"address {n}") == ""
        doors.leave(f"address {n}", is_stranger=True)
    assert doors == Doors(Limits())
    assert doors.delay_s("address 1", 10**9, 0.0) == 0


def test_lines_of_one_address_share_a_measure() -> None:
    doors = Doors(Limits(address_octets_per_s=100, address_burst=1000))
    doors.enter("a")
    doors.enter("a")
    assert doors.delay_s("a", 1000, 0.0) == 0
    assert doors.delay_s("a", 100, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("192.0.2.1:7611", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6:7611", "2001:db8:1:2::/64"),
        ("fe80::1%eth0:7611", "fe80::/64"),
        ("::ffff:192.0.2.1:7611", "192.0.2.1"),
        ("gone", ""),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(name: str, address: str) -> None:
    assert address_of(name) == address
