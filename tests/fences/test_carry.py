"""A changed registry while trucks are inside: nobody enters anew."""

from dataclasses import replace

from cases.request import Hit
from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, source_from, source_written
from tests.fences.yard import Fix, box, learned, rule, source, told
from vocabulary.registry_facts import GeofenceFacts

TEXT = rule("type: geofence, is: inside, fences: kind site, band_m: 5, dwell_s: 40")
SITE = box(0, 200, fence_id=7, kind="site")


def plan_of(*fences: GeofenceFacts) -> Plan:
    return compile_plan(source([TEXT], sorted(fences, key=lambda fence: fence.id)))


def after(plan: Plan, then: Plan) -> list[tuple[Hit, float]]:
    """Thirty seconds inside under one plan, twenty under another."""
    state = plan.fresh_state()
    for n in range(4):
        state = fold(plan, state, [learned(n + 1, Fix(10.0 * n, 100))]).state
    state, _ = carry(plan, state, then)
    late = [learned(n + 1, Fix(10.0 * n, 100)) for n in range(4, 7)]
    return told(fold(then, state, late).transitions)


def test_another_fence_before_it_in_the_list_changes_nothing() -> None:
    more = plan_of(box(-900, -800, fence_id=2, kind="site"), SITE)
    assert after(plan_of(SITE), more) == [(Hit.RAISED, 40)]


def test_a_fence_that_is_no_more_is_left() -> None:
    other = plan_of(box(-900, -800, fence_id=9, kind="site"))
    assert after(plan_of(SITE), other) == []


def test_a_fence_drawn_anew_around_the_truck_goes_on() -> None:
    moved = replace(box(50, 400, fence_id=7, kind="site"), name_en="moved")
    assert after(plan_of(SITE), plan_of(moved)) == [(Hit.RAISED, 40)]


def test_a_plan_s_source_keeps_its_fences() -> None:
    made: PlanSource = source([TEXT], [SITE])
    assert source_from(source_written(made)) == made
