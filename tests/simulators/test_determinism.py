"""Same seed, same octets: in any order, in any process."""

import os
import subprocess
import sys
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from simulators.covers import sample_cover
from simulators.modbus_units import units_of
from simulators.mqtt_gateway import Relay, message
from simulators.timetable import demo_timetable
from simulators.vehicles import sentences
from simulators.world import World
from tests.simulators.towns import START, town
from vocabulary.device import DeviceKind


def world(seed: int = 7) -> World:
    built = town(seed)
    return World.begin(built, demo_timetable(built), start=START)


def octets(played: World, *, backwards: bool = False) -> list[bytes]:
    """Everything the town says in its second minute, and what it is read as."""
    city = played.town.city
    seconds = range(60, 120, 5)
    said = []
    for second in reversed(seconds) if backwards else seconds:
        at = START + timedelta(seconds=second)
        for code in ("GW-C", "GW-G"):
            relay = Relay(
                world=played, gateway=city.gateways[code], devices=city.below(code)
            )
            said.append(message(relay, second))
        for code in ("CAB", "RTU"):
            units = units_of(played, city.below(code))
            said += [repr(unit.show(at)).encode() for unit in units.values()]
        vehicles = city.of_kind(DeviceKind.VEHICLE)
        said += [sentences(played, vehicle, at) for vehicle in vehicles]
    return sorted(said)


def digest(seed: int) -> str:
    return blake2b(b"".join(octets(world(seed)))).hexdigest()


def test_the_same_seed_gives_the_same_octets_in_any_order() -> None:
    assert octets(world()) == octets(world(), backwards=True)


def test_another_seed_is_another_town() -> None:
    assert digest(7) != digest(8)


def test_another_process_gives_the_same_octets() -> None:
    code = "from tests.simulators.test_determinism import digest; print(digest(7))"
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.strip() == digest(7)


def test_two_devices_of_a_kind_never_say_the_same() -> None:
    played = world()
    covers = played.town.city.below("GW-C")
    tilts = {
        tuple(
            round(reading.value, 3)
            for second in range(300)
            for reading in sample_cover(
                played, cover, START + timedelta(seconds=second)
            )[:1]
        )
        for cover in covers
    }
    assert len(tilts) == len(covers)
