"""Expressions as conditions: as a plain loop says; faults have their places."""

import ast
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.state import read_back, written
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.compile import compile_plan
from tests.rules.town import device, readings, source, us
from vocabulary.device import DeviceKind

RULE = """\
code: both
name: {{zh: 二, en: both}}
kind: lamp
condition:
  type: expression
  {way}
  severity: major
on_delay_s: 4
off_delay_s: 3
largest_gap_s: 6
reason: {{zh: "{{value}}", en: "{{value}}"}}
source: test
"""

TEXTS = (
    "power_w < 10 and upstream.voltage_v > 20",
    "power_w < 10 or not upstream.voltage_v > 20",
    "10 < power_w / current_a <= 20",
    "max(power_w, upstream.voltage_v) > 20 and current_a != 5",
)

SUBJECTS = [
    device(1, DeviceKind.LAMP, "power_w", "current_a", upstream_id=2),
    device(2, DeviceKind.CABINET, "voltage_v"),
]
SERIES = {"power_w": 10, "current_a": 11, "upstream.voltage_v": 20}
GAP_US, ON_US, OFF_US = 6_000_000, 4_000_000, 3_000_000


@dataclass
class Loop:
    """One expression on one lamp, a sample at a time."""

    text: str
    newest: dict[str, tuple[int, float]] = field(default_factory=dict)
    state: str = "N"
    held: int = 0
    judged: int | None = None
    last: int | None = None
    turns: list[tuple[Hit, int]] = field(default_factory=list)

    def entry(self, rows: list[tuple[str, int, float]]) -> None:
        """Take what one entry says of the operands, moment by moment."""
        named = [row for row in rows if row[0] in self.text]
        floor = -1 if self.last is None else self.last
        for at in sorted({max(at, floor) for _, at, _ in named}):
            fresh = False
            for name, own, value in sorted(named, key=lambda row: row[1]):
                if max(own, floor) == at and own >= self.newest.get(name, (0, 0))[0]:
                    self.newest[name] = own, value
                    fresh = True
            self.last = at
            truth = self._told(at) if fresh else None
            if truth is not None:
                self._judge(at, beyond=truth)

    def _told(self, at: int) -> bool | None:
        values = {
            name: value if at - own <= GAP_US else None
            for name, (own, value) in self.newest.items()
        }
        found = told(ast.parse(self.text, mode="eval").body, values)
        assert found is None or isinstance(found, bool)
        return found

    def _judge(self, at: int, *, beyond: bool) -> None:
        near = self.judged is not None and at - self.judged <= GAP_US
        step = at - self.judged if near and self.judged is not None else 0
        self.judged = at
        stood = self.state in "AC"
        match self.state, beyond:
            case ("P", True) | ("C", False):
                self.held += step
            case "N", True:
                self.state, self.held = "P", 0
            case "A", False:
                self.state, self.held = "C", 0
            case "P", False:
                self.state = "N"
            case "C", True:
                self.state = "A"
            case _:
                pass
        if self.state == "P" and self.held >= ON_US:
            self.state = "A"
        if self.state == "C" and self.held >= OFF_US:
            self.state = "N"
        if stood != (self.state in "AC"):
            self.turns.append((Hit.CLEARED if stood else Hit.RAISED, at))


Told = float | bool | None


def told(  # noqa: PLR0911 one for each kind of node
    node: ast.expr, values: dict[str, float | None]
) -> Told:
    """Evaluate with None for what nobody knows."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            found = [told(part, values) for part in parts]
            decides = isinstance(op, ast.Or)
            if decides in found:
                return decides
            return None if None in found else not decides
        case ast.UnaryOp(operand=part):
            one = told(part, values)
            return None if one is None else not one
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [told(side, values) for side in (left, *others)]
            pairs = [
                None if a is None or b is None else compared(op, a, b)
                for op, a, b in zip(ops, sides, sides[1:], strict=False)
            ]
            if False in pairs:
                return False
            return None if None in pairs else True
        case ast.BinOp(left=left, right=right):
            a, b = told(left, values), told(right, values)
            return None if a is None or b is None or b == 0 else a / b
        case ast.Call(args=parts):
            found = [told(part, values) for part in parts]
            return max(one or 0 for one in found) if None not in found else None
        case ast.Constant(value=float() | int() as value):
            return value
        case _:
            return values.get(ast.unparse(node))


def compared(op: ast.cmpop, a: float, b: float) -> bool:
    match op:
        case ast.Lt():
            return a < b
        case ast.LtE():
            return a <= b
        case ast.Gt():
            return a > b
        case _:
            return a != b


ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(SERIES)),
        st.integers(-9, 0),
        st.sampled_from([0.0, 5.0, 10.0, 15.0, 25.0]),
    ),
    max_size=5,
    unique_by=lambda row: row[:2],
)


ROWS_IN_TIME = st.lists(
    st.tuples(
        st.sampled_from(sorted(SERIES)),
        st.integers(0, 60),
        st.sampled_from([0.0, 5.0, 15.0, 25.0]),
    ),
    max_size=40,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    text=st.sampled_from(TEXTS),
    entries=st.lists(st.tuples(st.integers(1, 4), ROWS), max_size=25),
)
def test_the_engine_agrees_with_a_plain_loop(
    text: str, entries: list[tuple[int, list[tuple[str, int, float]]]]
) -> None:
    plan = compile_plan(source(SUBJECTS, RULE.format(way=f"expression: {text}")))
    loop, state, found = Loop(text), plan.fresh_state(), []
    at_s, said = 20, set()
    for seq, (pause, rows) in enumerate(entries, 1):
        at_s += pause
        new = [
            (n, at_s + late, v) for n, late, v in rows if (n, at_s + late) not in said
        ]
        said |= {row[:2] for row in new}
        loop.entry([(name, us(own), value) for name, own, value in new])
        entry = readings(
            seq, at_s, [(SERIES[name], own, value, 0) for name, own, value in new]
        )
        folded = fold(plan, state, [entry])
        found += [(turn.kind, turn.measured_us) for turn in folded.transitions]
        state = read_back(written(folded.state))
    assert found == loop.turns


def test_what_the_upstream_says_late_still_counts_from_now_on() -> None:
    rule = RULE.format(way=f"expression: {TEXTS[0]}").replace("on_delay_s: 4\n", "")
    plan = compile_plan(source(SUBJECTS, rule))
    lamp = readings(1, 10, [(SERIES["power_w"], 10, 0.0, 0)])
    cabinet = readings(2, 11, [(SERIES["upstream.voltage_v"], 8, 230.0, 0)])
    folded = fold(plan, plan.fresh_state(), [lamp, cabinet])
    assert [(t.kind, t.seq, t.measured_us) for t in folded.transitions] == [
        (Hit.RAISED, 2, us(10))
    ]


def test_one_entry_s_moment_is_judged_once_whatever_order_its_rows_stand_in() -> None:
    rule = RULE.format(way=f"expression: {TEXTS[0]}").replace("on_delay_s: 4\n", "")
    plan = compile_plan(source(SUBJECTS, rule))
    rows = [
        (SERIES["power_w"], 10, 99.0, 0),
        (SERIES["upstream.voltage_v"], 10, 0.0, 0),
    ]
    dark = [(SERIES["power_w"], 15, 0.0, 0), (SERIES["upstream.voltage_v"], 15, 0.0, 0)]
    state = fold(plan, plan.fresh_state(), [readings(1, 10, rows)]).state
    for order in (dark, dark[::-1]):
        assert fold(plan, state, [readings(2, 15, order)]).transitions == []


@pytest.mark.parametrize(
    ("way", "tells"),
    [
        ("all: [power_w < 10, current_a > 1]", [(0, 5, True), (0, 0, False)]),
        ("any: [power_w < 10, current_a > 1]", [(0, 0, True), (20, 0, False)]),
        ("none: [power_w < 10, current_a > 1]", [(20, 0, True), (20, 5, False)]),
        ("all: power_w < 10", [(0, math.nan, True)]),
    ],
)
def test_lists_of_expressions_are_expressions(
    way: str, tells: list[tuple[float, float, bool]]
) -> None:
    rule = RULE.format(way=way).replace("on_delay_s: 4", "on_delay_s: 0")
    plan = compile_plan(source(SUBJECTS, rule))
    for power, current, is_bad in tells:
        rows = [(10, 5.0, power, 0), (11, 5.0, current, 0)]
        folded = fold(plan, plan.fresh_state(), [readings(1, 5, rows)])
        assert bool(folded.transitions) == is_bad


@pytest.mark.parametrize(
    ("way", "faults"),
    [
        (
            "expression: power > 30 and currents > 1",
            [
                "6:15: condition.expression: power: power is not a quantity",
                "6:30: condition.expression: currents: currents is not a quantity",
            ],
        ),
        (
            "expression: 'power_w > 3 +'",
            ["6:29: condition.expression: cannot be read: invalid syntax"],
        ),
        (
            'expression: "power_w\\t> x"',
            ["6:15: condition.expression: x: x is not a quantity"],
        ),
        (
            "expression: >\n    power_w > 3\n    and x > 4",
            ["6:15: condition.expression: x: x is not a quantity"],
        ),
        (
            "all: [power_w > 3, open('x') > 4]",
            ["6:22: condition.all[1]: open('x'): is not part of the grammar"],
        ),
        ("expression: 1 > 0", ["6:15: condition.expression: names no quantity"]),
        ("all: []", ["6:8: condition.all: must be one or more expressions"]),
        (
            "all: [power_w > 3]\n  any: [power_w > 3]",
            ["5:9: condition.type: needs exactly one of expression, all, any, none"],
        ),
        ("expression: power_w", ["6:15: condition.expression: power_w: must be true"]),
        ("any: [[power_w > 3]]", ["6:9: condition.any[0]: "]),
    ],
)
def test_faults_of_an_expression_are_told_where_they_stand(
    way: str, faults: list[str]
) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse_rule(RULE.format(way=way), version=1)
    told_at = [str(fault) for fault in caught.value.faults]
    assert len(told_at) == len(faults)
    assert all(map(str.startswith, told_at, faults)), told_at


def test_a_device_without_all_operands_is_not_judged() -> None:
    bare = device(3, DeviceKind.LAMP, "power_w")
    plan = compile_plan(source([bare], RULE.format(way=f"expression: {TEXTS[0]}")))
    assert len(plan.slots) == 0


LATE_S = 10


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rows=ROWS_IN_TIME, data=st.data())
def test_arrivals_shuffled_within_the_allowed_lateness_are_judged_alike(
    rows: list[tuple[str, int, float]], data: st.DataObject
) -> None:
    rule = RULE.format(way=f"expression: {TEXTS[0]}")
    plan = compile_plan(source(SUBJECTS, f"{rule}allowed_lateness_s: {LATE_S}\n"))
    delays = [data.draw(st.integers(0, LATE_S - 1)) for _ in rows]
    found = []
    for arrivals in (
        [(own, (name, own, value)) for name, own, value in rows],
        [(row[1] + delay, row) for delay, row in zip(delays, rows, strict=True)],
    ):
        state, turns, end_s = plan.fresh_state(), [], 200
        by_second: dict[int, list[tuple[int, float, float, int]]] = {}
        for at_s, (name, own, value) in arrivals:
            by_second.setdefault(at_s, []).append((SERIES[name], own, value, 0))
        for at_s in range(end_s):
            entry = readings(at_s + 1, at_s, by_second.get(at_s, []))
            folded = fold(plan, state, [entry])
            state = folded.state
            turns += [(turn.kind, turn.measured_us) for turn in folded.transitions]
        found.append(turns)
    assert found[0] == found[1]


def test_what_counts_of_a_missing_quantity_is_taken_to_its_last_digit() -> None:
    way = "expression: power_w + energy_kwh >= 1234564\n  missing: energy_kwh=1234564"
    plan = compile_plan(source(SUBJECTS, RULE.format(way=way)))
    state = plan.fresh_state()
    entries = [readings(n, n, [(10, n, 0.0, 0)]) for n in range(1, 7)]
    assert [turn.kind for turn in fold(plan, state, entries).transitions] == [
        Hit.RAISED
    ]
