"""When rules or devices change, what goes on goes on, and what is new starts anew."""

from dataclasses import replace

import msgspec

from cases.request import Hit
from rules.engine.carry import Withdrawn, carry
from rules.engine.fold import fold
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.engine.state import State, written
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText, source_from, source_written
from tests.rules.town import device, edge, readings, source, tick, us
from vocabulary.device import DeviceKind
from vocabulary.lighting import LampProgramme, steps_of

DARK_AT_NIGHT = """
code: dark
name: {zh: 暗, en: dark}
kind: lamp
quantity: power_w
condition: {type: threshold, below: 5, severity: minor}
when: {lamp: lit, on_close: clear}
reason: {zh: "{value}", en: "{value}"}
source: test
"""
COVERS = [device(i, DeviceKind.COVER, "tilt_deg") for i in (1, 2)]
LAMP = device(5, DeviceKind.LAMP, "power_w", upstream_id=6, gateway="CAB-1")
CABINET = device(6, DeviceKind.CABINET, "contactor_on", "voltage_v", gateway="CAB-1")
OLD = source(COVERS, "cover-silent", "cover-tilted")
PLAN = compile_plan(OLD)


def run(
    plan: Plan, state: State, second: int, *tilts: float
) -> tuple[State, list[Hit]]:
    """Fold one sample of each cover."""
    rows = [(10 * (i + 1), float(second), tilt, 0) for i, tilt in enumerate(tilts)]
    folded = fold(plan, state, [readings(second, second, rows)])
    return folded.state, [t.kind for t in folded.transitions]


def half_done() -> State:
    """Return a state in which cover 1 has been tilted for five of ten seconds."""
    state, _ = run(PLAN, PLAN.fresh_state(), 0, 20, 2)
    return run(PLAN, state, 5, 20, 2)[0]


def test_a_half_done_delay_goes_on_when_a_device_is_added() -> None:
    extra = replace(OLD.subjects[0], device_id=3, code="D-3", series={"tilt_deg": 5})
    new = compile_plan(
        source([extra, *COVERS], "cover-opened", "cover-silent", "cover-tilted")
    )
    state, withdrawn = carry(PLAN, half_done(), new)
    assert not withdrawn
    assert run(new, state, 10, 20, 2)[1] == [Hit.RAISED]


def test_a_changed_rule_starts_anew() -> None:
    text = OLD.rules[1]
    second = RuleText(text.code, 2, text.source)
    new = compile_plan(replace_rule(second))
    state, _ = carry(PLAN, half_done(), new)
    assert run(new, state, 10, 20, 2)[1] == []
    state, _ = run(new, state, 10, 20, 2)
    assert run(new, state, 20, 20, 2)[1] == [Hit.RAISED]


def test_an_alarm_without_its_rule_is_withdrawn() -> None:
    state, hits = run(PLAN, half_done(), 10, 20, 2)
    assert hits == [Hit.RAISED]
    _, withdrawn = carry(PLAN, state, compile_plan(source(COVERS, "cover-silent")))
    assert withdrawn == [Withdrawn("cover-tilted", 1, 1)]


def test_silence_goes_on_when_the_device_moves_to_another_link() -> None:
    state = half_done()
    state = fold(PLAN, state, [tick(s, s) for s in range(6, 86)]).state  # 80 s silent
    moved = [replace(cover, gateway="GW-9") for cover in COVERS]
    new = compile_plan(source(moved, "cover-silent", "cover-tilted"))
    state, _ = carry(PLAN, state, new)
    found = fold(new, state, [tick(s, s) for s in range(86, 106)]).transitions
    assert [(t.device_id, t.at_us) for t in found] == [
        (1, tick(0, 105).at_us),
        (2, tick(0, 105).at_us),
    ]


def test_an_alarm_of_a_lamp_moved_to_another_cabinet_stands_and_goes_by_that_one() -> (
    None
):
    other = replace(
        CABINET, device_id=7, code="D-7", series={"contactor_on": 70, "voltage_v": 71}
    )
    old = compile_plan(source([LAMP, CABINET, other], "lamp-dark"))
    dark, lit = (50, 0.0), (50, 98.0)

    def said(second: int, power: tuple[int, float], *is_on: int) -> Learned:
        sides = [
            (series, value)
            for cabinet, on in zip((60, 70), is_on, strict=True)
            for series, value in ((cabinet, on), (cabinet + 1, 230.0 * on))
        ]
        rows = [(series, second, value, 0) for series, value in [*sides, power]]
        return readings(second, second, rows)

    entries = [said(second, dark, 1, 0) for second in range(10, 130, 10)]
    folded = fold(old, old.fresh_state(), entries)
    assert [turn.kind for turn in folded.transitions] == [Hit.RAISED]
    new = compile_plan(
        source([replace(LAMP, upstream_id=7), CABINET, other], "lamp-dark")
    )
    state, withdrawn = carry(old, folded.state, new)
    assert not withdrawn
    # The old one is on and the lamp too; but by the new one's word it can not be known.
    entries = [said(second, lit, 1, 0) for second in range(130, 400, 10)]
    folded = fold(new, state, entries)
    assert not folded.transitions
    entries = [said(second, lit, 0, 1) for second in range(400, 700, 10)]
    folded = fold(new, folded.state, entries)
    assert [turn.kind for turn in folded.transitions] == [Hit.CLEARED]


def test_what_only_waits_is_not_withdrawn_with_its_rule() -> None:
    new = compile_plan(source(COVERS, "cover-silent"))
    assert carry(PLAN, half_done(), new)[1] == []


def test_who_was_never_heard_is_not_silent_after_a_move_to_another_link() -> None:
    state = fold(PLAN, PLAN.fresh_state(), [tick(s, s) for s in range(1, 400)]).state
    moved = [replace(cover, gateway="GW-9") for cover in COVERS]
    new = compile_plan(source(moved, "cover-silent", "cover-tilted"))
    state, _ = carry(PLAN, state, new)
    assert not fold(new, state, [tick(s, s) for s in range(400, 800)]).transitions


def test_what_was_learned_and_who_spoke_is_kept() -> None:
    entries = []
    for second in range(100):
        covers = [(series, float(second), 2.0, 0) for series in (10, 20)]
        said = tick(second, second) if second % 5 else readings(second, second, covers)
        entries.append(replace(said, worker="one") if second % 5 else said)
    entries.append(replace(edge(100, 100, "mqtt", up=False), worker="one"))
    state = fold(PLAN, PLAN.fresh_state(), entries).state
    assert state.usual_us.tolist() == [us(5) - us(0)] * 2
    carried, _ = carry(PLAN, state, PLAN)
    assert written(carried) == written(state)


def test_links_and_side_readings_are_kept() -> None:
    old = compile_plan(source([LAMP, CABINET], "lamp-dark", "lamp-silent"))
    entries = [
        edge(1, 0, "mqtt", up=False, gateway="CAB-1"),
        readings(2, 0, [(60, 0, 1, 0), (61, 0, 230, 0)]),
    ]
    state = fold(old, old.fresh_state(), entries).state
    new = compile_plan(source([*COVERS, LAMP, CABINET], "cover-silent", "lamp-dark"))
    state, _ = carry(old, state, new)
    assert state.watch_value.tolist() == [1, 230]
    assert not state.is_up[new.ears.links.index(("mqtt", "CAB-1"))]


def test_a_gateway_that_is_new_is_heard_through_no_sooner_than_its_edge() -> None:
    state = fold(PLAN, half_done(), [edge(6, 6, "mqtt", up=False)]).state
    moved = [replace(cover, gateway="GW-9") for cover in COVERS]
    new = compile_plan(source(moved, "cover-silent", "cover-tilted"))
    state, _ = carry(PLAN, state, new)
    folded = fold(new, state, [tick(s, s) for s in range(7, 400)])
    assert not folded.transitions
    entries = [edge(400, 400, "mqtt", up=True), *(tick(s, s) for s in range(401, 600))]
    assert len(fold(new, folded.state, entries).transitions) == 2


def test_a_lamp_under_another_programme_turns_by_that_one() -> None:
    """Its alarm would else have stood until the old one turned."""

    def under(steps: str) -> Plan:
        programme = LampProgramme(
            code="p",
            on_below_deg=90,
            off_above_deg=90,
            margin_s=0,
            steps=steps_of(steps),
        )
        of = source([replace(LAMP, programme="p"), CABINET], DARK_AT_NIGHT)
        return compile_plan(msgspec.structs.replace(of, programmes=(programme,)))

    old, new = under("20:00=0"), under("16:02=0")
    state = fold(old, old.fresh_state(), [readings(1, 0, [(50, 0, 1, 0)])]).state
    state, _ = carry(old, state, new)
    (cleared,) = fold(new, state, [tick(s, s) for s in range(1, 200)]).transitions
    assert cleared.kind is Hit.CLEARED
    assert cleared.measured_us == us(120)


def dark_lamp(steps: str, late_s: float) -> Plan:
    """Return a plan for a lamp that is night and day as its steps say."""
    programme = LampProgramme(
        code="p", on_below_deg=90, off_above_deg=90, margin_s=0, steps=steps_of(steps)
    )
    lamp = replace(LAMP, programme="p", allowed_lateness_s=late_s)
    of = source([lamp, CABINET], DARK_AT_NIGHT)
    return compile_plan(msgspec.structs.replace(of, programmes=(programme,)))


def carried_at(old: Plan, new: Plan, at_s: int, dark_s: int) -> Folded:
    """Fold a dark lamp's only sample, and go on under another plan for 100 s."""
    entries = [tick(s, s) for s in range(1, at_s + 1) if s != dark_s]
    entries.append(readings(dark_s, dark_s, [(50, dark_s, 1, 0)]))
    entries.sort(key=lambda entry: entry.seq)
    state, _ = carry(old, fold(old, old.fresh_state(), entries).state, new)
    return fold(new, state, [tick(s, s) for s in range(at_s + 1, at_s + 101)])


def test_who_may_be_late_no_more_still_takes_the_turn_that_it_was_waiting_for() -> None:
    steps = "16:02=0"
    old, new = dark_lamp(steps, 60), dark_lamp(steps, 0)
    (cleared,) = carried_at(old, new, at_s=130, dark_s=1).transitions
    assert (cleared.kind, cleared.measured_us) == (Hit.CLEARED, us(120))


def test_who_may_be_late_from_now_on_takes_no_turn_of_the_time_that_is_done_with() -> (
    None
):
    """Neither once more, nor one that only what it goes by now would have had."""
    old, new = dark_lamp("12:01=0 20:00=100", 0), dark_lamp("12:01=0 16:02=100", 60)
    assert not carried_at(old, new, at_s=130, dark_s=115).transitions


def test_a_plans_source_survives_being_written_down() -> None:
    vehicle = device(7, DeviceKind.VEHICLE, speed_limit_kmh=40.0)
    whole = source([*COVERS, vehicle], "cover-tilted", "vehicle-out-of-area")
    again = source_from(source_written(whole))
    assert again == whole
    assert compile_plan(again).key == compile_plan(whole).key


def replace_rule(text: RuleText) -> PlanSource:
    return PlanSource((OLD.rules[0], text), OLD.subjects, 1)
