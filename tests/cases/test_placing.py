"""Placing: what a hit is about, with a registry that lacks things."""

from dataclasses import replace

import pytest

from cases.placing import Place, Unplaced, place
from cases.request import CaseType
from cases.routing import Routing, read_routing, shipped_routing
from devices.registry.snapshot import Snapshot
from tests.cases.town import COVER, GAUGE, HIT, ORDERS, SILENT, SPARE, Town

pytestmark = pytest.mark.db

BARE = read_routing(f"class = []\nunattached = []\n{ORDERS}")


def placed(town: Town, device_id: int) -> Place:
    request = replace(HIT, device_id=device_id, files=SILENT)
    found = place(request, town.snapshot, shipped_routing())
    assert isinstance(found, Place)
    return found


async def test_a_device_takes_the_class_and_place_of_its_component(town: Town) -> None:
    found = placed(town, COVER)
    assert (found.key.type, found.key.class_code) == ("component", "0101")
    assert found.point == (111.0011, 35.0011)


async def test_a_device_that_watches_nothing_is_its_own_subject(town: Town) -> None:
    found = placed(town, SPARE)
    assert (found.key.subject_kind, found.key.subject_id) == ("device", SPARE)
    assert (found.key.type, found.key.class_code) == ("component", "0123")


async def test_a_gauge_stands_in_the_cell_around_it(town: Town) -> None:
    found = placed(town, GAUGE)
    assert found.cell is not None
    assert found.cell.code == "990102001001001"
    assert (found.key.type, found.key.class_code) == (CaseType.EVENT, "0506")


@pytest.mark.parametrize(
    ("snapshot", "routing", "why"),
    [
        ({"devices": {}}, shipped_routing(), Unplaced.UNKNOWN_DEVICE),
        ({"components": {}}, BARE, Unplaced.NO_CLASS),
        ({"units": {}}, shipped_routing(), Unplaced.NO_UNIT),
    ],
)
async def test_what_cannot_be_placed_says_why(
    town: Town, snapshot: dict[str, dict[int, object]], routing: Routing, why: Unplaced
) -> None:
    lacking = replace(town.snapshot, **snapshot)  # type: ignore[arg-type] # fields emptied
    assert isinstance(lacking, Snapshot)
    assert place(HIT, lacking, routing) is why
