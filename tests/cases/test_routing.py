"""Routing: who is asked first, who stands in, and in which words."""

import pytest

from cases.request import CaseType
from cases.routing import (
    BY_HAND,
    ClassKey,
    Route,
    RoutingFileError,
    Who,
    choose,
    read_routing,
    reason_words,
    shipped_routing,
)
from tests.cases.town import ORDERS
from vocabulary.device import DeviceKind

SCHEME = "gbt30428.2-2013"
COVER: ClassKey = (CaseType.COMPONENT, SCHEME, "0101")
SPILL: ClassKey = (CaseType.EVENT, SCHEME, "0114")
BURST: ClassKey = (CaseType.EVENT, SCHEME, "0501")
CONDUCT: ClassKey = (CaseType.EVENT, SCHEME, "0195")

ALL = {who: place for place, who in enumerate(Who, 1)}


def chosen(problem: ClassKey, known: dict[Who, int]) -> Route:
    route = choose(shipped_routing(), problem, known)
    assert route is not None
    return route


def order_of(problem: ClassKey) -> list[Who]:
    """Ask again and again, each time without the one chosen before."""
    known, order = dict(ALL), []
    while known and (route := choose(shipped_routing(), problem, known)):
        order.append(route.who)
        del known[route.who]
    return order


@pytest.mark.parametrize(
    ("problem", "order"),
    [
        (COVER, "maintainer owner authority subdistrict centre"),
        (SPILL, "subdistrict line authority centre"),
        (BURST, "owner maintainer line authority subdistrict centre"),
        (CONDUCT, "operator line subdistrict centre"),
    ],
)
def test_each_kind_of_case_is_routed_in_its_own_order(
    problem: ClassKey, order: str
) -> None:
    assert order_of(problem) == order.split()


def test_a_route_names_everybody_who_was_asked_for_in_vain() -> None:
    route = chosen(COVER, {Who.AUTHORITY: 3, Who.SUBDISTRICT: 4})
    assert route.considered == (
        (Who.MAINTAINER, None),
        (Who.OWNER, None),
        (Who.AUTHORITY, 3),
    )
    assert (route.unit_id, route.reason) == (3, "component:authority")


def test_a_class_code_of_another_scheme_is_another_class() -> None:
    same_digits: ClassKey = (CaseType.EVENT, "cjt214-2007", "0501")
    assert chosen(same_digits, ALL).reason == "event:subdistrict"
    component: ClassKey = (CaseType.COMPONENT, SCHEME, "0501")
    assert chosen(component, ALL).reason == "component:maintainer"


def test_nobody_is_chosen_where_nobody_is_known() -> None:
    assert choose(shipped_routing(), COVER, {}) is None


def test_only_what_is_urgent_or_evident_goes_out_by_itself() -> None:
    routing = shipped_routing()
    assert routing.is_automatic(CaseType.EVENT, "supply_burst")
    assert not routing.is_automatic(CaseType.COMPONENT, "supply_burst")
    assert not routing.is_automatic(CaseType.COMPONENT, "device_silent")
    assert not routing.is_automatic(CaseType.EVENT, "work_vehicle_overspeed")


def test_every_kind_of_device_has_a_class_even_where_it_watches_nothing() -> None:
    routing = shipped_routing()
    assert all(routing.class_of_unattached(kind) is not None for kind in DeviceKind)


@pytest.mark.parametrize("problem", [COVER, SPILL, BURST, CONDUCT])
def test_every_reason_a_case_may_store_has_words(problem: ClassKey) -> None:
    for who in order_of(problem):
        words = reason_words(chosen(problem, {who: 1}).reason)
        assert words.zh
        assert words.en


def test_a_dispatcher_s_choice_has_words_too() -> None:
    assert reason_words(BY_HAND).zh == "派遣员指定"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[order", "Expected"),
        ("[order]\ncomponent = ['mayor']\nevent = []", "mayor"),
        (ORDERS + "colour = 1\n", "colour"),
        (ORDERS, "class"),
    ],
)
def test_a_routing_file_with_a_mistake_is_refused(text: str, says: str) -> None:
    with pytest.raises(RoutingFileError, match=says):
        read_routing(text)


def test_a_class_named_twice_is_refused() -> None:
    rule = f'[[class]]\nscheme = "{SCHEME}"\ntype = "event"\ncode = "0501"\n'
    rule += 'why_zh = ""\nwhy_en = ""\n'
    text = "unattached = []\n" + ORDERS + rule
    assert len(read_routing(text).classes) == 1
    with pytest.raises(RoutingFileError, match=r"twice.*0501"):
        read_routing(text + rule)
