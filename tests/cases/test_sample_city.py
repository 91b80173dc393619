"""The rules we ship, on the city we ship: every problem finds a class and a unit."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import asyncpg
import pytest

import simulators
from cases.placing import Place, place
from cases.routing import Who, shipped_routing
from devices.registry.load import import_city
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.files.rule import Rule
from rules.files.rule_file import parse_rule
from rules.triage.settings import read_settings
from tests.cases.town import HIT, NOON

pytestmark = pytest.mark.db

CITY = Path(simulators.__path__[0]) / "sample_city"


def shipped_rules() -> Iterator[Rule]:
    """Read the rules that file cases."""
    for file in (resources.files("rules") / "shipped").iterdir():
        if file.name.endswith(".yaml"):
            rule = parse_rule(file.read_text(encoding="utf-8"), version=1)
            if rule.files is not None:
                yield rule


@pytest.fixture
async def city(pool: asyncpg.Pool) -> Snapshot:
    async with pool.acquire() as connection:
        await import_city(connection, CITY, dry_run=False, at=NOON)
        return await load_snapshot(connection)


def placed(city: Snapshot, rule: Rule) -> Iterator[Place]:
    """Place a rule's problem on every device it judges, vehicles where they work."""
    assert rule.files is not None
    for device in city.devices.values():
        if device.kind is rule.kind:
            hit = replace(HIT, device_id=device.id, files=rule.files)
            if device.vehicle_id is not None:
                hit = replace(hit, lon=111.0, lat=35.02)
            found = place(hit, city, shipped_routing())
            assert isinstance(found, Place), (rule.code, device.code, found)
            yield found


async def test_every_problem_of_every_device_has_a_unit_that_is_no_makeshift(
    city: Snapshot,
) -> None:
    for rule in shipped_rules():
        found = list(placed(city, rule))
        assert found, rule.code
        assert Who.CENTRE not in {each.route.who for each in found}, rule.code
        assert all(each.point is not None for each in found)


async def test_the_shipped_city_shows_every_order_of_routing(city: Snapshot) -> None:
    chosen = {
        rule.code: {
            (city.units[each.route.unit_id].kind.value, each.route.reason)
            for each in placed(city, rule)
        }
        for rule in shipped_rules()
    }
    assert ("subdistrict", "component:subdistrict") in chosen["cover-opened"]
    assert ("company", "component:maintainer") in chosen["cover-opened"]
    assert ("department", "component:owner") in chosen["lamp-dark"]
    assert ("subdistrict", "event:subdistrict") in chosen["ponding"]
    assert chosen["pressure-low"] == {("utility", "class:line")}
    assert chosen["vehicle-overspeed"] == {("department", "class:operator")}


async def test_a_flooded_underpass_is_the_underpass_s_trouble(city: Snapshot) -> None:
    (ponding,) = (rule for rule in shipped_rules() if rule.code == "ponding")
    keys = {
        (each.key.type, each.key.class_code, each.key.condition)
        for each in placed(city, ponding)
    }
    assert keys == {
        ("event", "0506", "road_ponding"),
        ("component", "0207", "underpass_flooded"),
    }


async def test_every_condition_that_goes_out_by_itself_is_filed_by_some_rule_or_group(
    city: Snapshot,
) -> None:
    filed = {
        each.key.condition for rule in shipped_rules() for each in placed(city, rule)
    }
    text = (resources.files("rules.triage") / "shipped.yaml").read_text("utf-8")
    groups = read_settings(text, version=1).groups
    automatic = shipped_routing().automatic
    assert {*automatic.component, *automatic.event} <= filed | {
        group.files.condition for group in groups
    }


async def test_what_is_a_matter_of_safety_goes_out_by_itself(city: Snapshot) -> None:
    waiting = {
        rule.code
        for rule in shipped_rules()
        if rule.safety and not all(each.automatic for each in placed(city, rule))
    }
    assert waiting == set()
