"""Lamps under the sun, learned silence, several workers, and changes in the middle.

Against plain loops, over one random stream with all of it in.
"""

import random
from collections import defaultdict

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.grades import level
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from tests.rules.changing_city import Story, story
from tests.rules.changing_rules import SILENT, SOLAR, TEXTS
from tests.rules.oracle import Oracle, Said, said
from tests.rules.oracle_lamps import NEAR_S
from vocabulary.times import SECOND_US

MOST_STEPS = 36
Key = tuple[str, int]
Told = dict[Key, list[Said]]
"""What is told of each rule and device, in order."""

Standing = list[tuple[str, int, int]]
"""Rule, version and device of alarms."""


def engine(told: Story, rng: random.Random) -> tuple[Told, list[Standing], Standing]:
    """Fold a story, cut anywhere, from states that were written now and then."""
    plan = compile_plan(told.first)
    state, at = plan.fresh_state(), 0
    found: list[Said] = []
    gone: list[Standing] = []
    for change in [*told.changes, None]:
        end = len(told.entries) if change is None else change.seq
        while at < end:
            to = min(end, at + rng.choice([1, 1, 3, 10, 50]))
            folded = fold(plan, state, told.entries[at:to])
            found += map(said, folded.transitions)
            state, at = folded.state, to
            if rng.random() < 0.2:
                state = read_back(written(state))
        if change is not None:
            new = compile_plan(change.source)
            state, withdrawn = carry(plan, state, new)
            plan = new
            gone.append(
                sorted((w.rule, w.rule_version, w.device_id) for w in withdrawn)
            )
    slots = plan.slots
    standing = sorted(
        (
            plan.rules[slots.rule[slot]].code,
            plan.rules[slots.rule[slot]].version,
            plan.subjects[slots.subject[slot]].device_id,
        )
        for slot in level(state.state).nonzero()[0]
    )
    return by_slot(found), gone, standing


def loop(told: Story) -> tuple[Told, list[Standing], Standing]:
    """Tell the same by plain loops."""
    oracle = Oracle.of(told.first)
    changes = {change.seq: change.source for change in told.changes}
    found: list[Said] = []
    gone: list[Standing] = []
    for entry in told.entries:
        found += oracle.step(entry)
        if entry.seq in changes:
            gone.append(sorted(oracle.turn_over(changes[entry.seq])))
    standing = sorted(slot.key for slot in oracle.slots if slot.level())
    return by_slot(found), gone, standing


def by_slot(found: list[Said]) -> Told:
    told: Told = defaultdict(list)
    for one in found:
        told[one.rule, one.device_id].append(one)
    return dict(told)


def agree(one: Said, other: Said) -> bool:
    """Tell whether both say the same, some seconds apart where the sun turns."""
    is_turn = one.rule in SOLAR and one.measured_us % (20 * SECOND_US) > SECOND_US
    apart_s = abs(one.measured_us - other.measured_us) / SECOND_US
    if is_turn and apart_s <= NEAR_S and abs(one.seq - other.seq) <= NEAR_S:
        one = one._replace(seq=other.seq, measured_us=other.measured_us)
    return one._replace(value=0) == other._replace(value=0) and (
        abs(one.value - other.value) <= 0.002
    )


def differ(found: Told, wanted: Told) -> list[object]:
    """Return what differs, to be read."""
    differs: list[object] = []
    for key in sorted(found.keys() | wanted.keys()):
        ours, theirs = found.get(key, []), wanted.get(key, [])
        same = len(ours) == len(theirs) and all(map(agree, ours, theirs))
        if not same:
            differs.append((ours, theirs))
    return differs


# A rule that is out of force while nobody else waits for late samples, and comes back.
@example(seed=339539, steps=20, codes={"still"})
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    steps=st.integers(1, MOST_STEPS),
    codes=st.sets(st.sampled_from(sorted(TEXTS)), min_size=1),
)
def test_a_changing_city_is_judged_as_plain_loops_judge_it(
    seed: int, steps: int, codes: set[str]
) -> None:
    told = story(random.Random(seed), steps, codes)  # noqa: S311 not a secret
    found, gone, standing = engine(told, random.Random(seed))  # noqa: S311 not a secret
    wanted, wanted_gone, wanted_standing = loop(told)
    assert differ(found, wanted) == []
    assert gone == wanted_gone
    assert standing == wanted_standing


def test_a_changing_city_raises_and_withdraws_alarms_of_every_rule() -> None:
    """Else the property above would say little."""
    raised: set[str] = set()
    withdrawn: set[str] = set()
    for seed in range(8):
        told = story(random.Random(seed), MOST_STEPS, set(TEXTS))  # noqa: S311 not a secret
        found, gone, _ = engine(told, random.Random(seed))  # noqa: S311 not a secret
        raised |= {code for code, _ in found}
        withdrawn |= {code for some in gone for code, _, _ in some}
    assert raised == set(TEXTS)
    assert withdrawn & SILENT
    assert withdrawn & SOLAR
