"""The loop that the engine's speed is told against says what the engine says."""

from dataclasses import replace

import numpy as np

from bench.plain_loop import PlainLoop, knows
from bench.rule_stream import city, stream
from bench.rules import shipped
from rules.engine.fold import fold
from rules.files.rule_file import parse_rule
from rules.plan.compile import compile_plan
from tests.rules.oracle_slot import said


def test_the_loop_of_the_benchmark_says_what_the_engine_says() -> None:
    texts = [t for t in shipped() if knows(parse_rule(t.source, version=1))]
    town = city(texts, 100, vehicles=10)
    town = replace(town, is_frail=np.ones(100, np.bool_))
    entries = stream(town, rows=200, seconds=600)
    loop, plan = PlainLoop.of(town.source), compile_plan(town.source)
    wanted = sorted(told for entry in entries for told in loop.step(entry))
    found = fold(plan, plan.fresh_state(), entries).transitions
    assert sorted(map(said, found)) == wanted
    assert wanted
