"""Several ingest workers speak of the same links, and each for itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.engine.hearing import Ears, listen
from rules.engine.learned import EdgeWord, Learned
from rules.engine.state import MOST_WORKERS, State
from rules.plan.compile import compile_plan
from tests.rules.town import source
from vocabulary.times import SECOND_US

NONE = np.empty(0, np.intp)
LINKS = (("ingest", ""), ("mqtt", "GW-1"), ("mqtt", "GW-2"), ("modbus", "CAB-1"))
NO_TIMES = np.empty(0)
EARS = Ears(LINKS, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NO_TIMES, NO_TIMES)

EMPTY = compile_plan(source([])).fresh_state()
Word = tuple[float, str, str, bool | None]
"""Second, worker, edge or edge/gateway, and what it says; None: that it is there."""


def told(*words: Word) -> State:
    """Return the state after some words, one entry a word."""
    state = replace(
        EMPTY.copy(),
        is_up=np.ones(len(LINKS), np.bool_),
        was_said=np.zeros(len(LINKS), np.bool_),
        word=np.full((len(LINKS), MOST_WORKERS), -1, np.int8),
        audible_us=np.zeros(len(LINKS), np.int64),
    )
    for seq, (at_s, worker, link, is_up) in enumerate(words, 1):
        edge, _, gateway = link.partition("/")
        content = None if is_up is None else EdgeWord(edge, gateway, is_up)
        entry = Learned(seq, int(at_s * SECOND_US), content, worker)
        listen(EARS, state, entry, state.at_us)
        state = state.at(entry.seq, entry.at_us)
    return state


def up(*words: Word) -> list[bool]:
    return [bool(is_up) for is_up in told(*words).is_up]


BOTH: Sequence[Word] = (
    (0, "one", "ingest", True),
    (0, "one", "mqtt", True),
    (1, "two", "ingest", True),
    (1, "two", "mqtt", True),
)


def test_a_link_is_up_while_any_worker_says_so() -> None:
    assert up(*BOTH, (2, "one", "mqtt", False)) == [True, True, True, True]
    down = ((2, "one", "mqtt", False), (3, "two", "mqtt", False))
    assert up(*BOTH, *down) == [True, False, False, True]
    assert up(*BOTH, *down, (4, "one", "mqtt", True)) == [True] * 4


def test_a_worker_that_dies_after_it_said_down_stops_nobody() -> None:
    assert up(*BOTH, (2, "two", "mqtt", False), (90, "one", "", None)) == [True] * 4


def test_a_word_of_a_worker_that_is_gone_counts_no_longer() -> None:
    only_two: Sequence[Word] = (*BOTH, (2, "two", "modbus/CAB-1", True))
    assert up(*only_two, (60, "one", "", None)) == [True] * 4
    assert up(*only_two, (63, "one", "", None)) == [True, True, True, False]
    back = ((63, "one", "", None), (64, "two", "", None))
    assert up(*only_two, *back) == [True] * 4


def test_nobody_is_gone_while_all_are_quiet() -> None:
    assert up(*BOTH, (900, "", "", None)) == [True] * 4
    assert up(BOTH[0], BOTH[1], (900, "one", "mqtt", False))[1] is False


def test_a_worker_that_begins_anew_speaks_of_each_link_anew() -> None:
    down = (*BOTH, (2, "two", "mqtt", False), (3, "one", "ingest", True))
    assert up(*down) == [True, False, False, True]
    assert up(*down, (4, "one", "mqtt/GW-1", True)) == [True, True, False, True]


def test_the_platform_is_down_when_the_last_worker_stops() -> None:
    one = (*BOTH, (2, "one", "ingest", False))
    assert up(*one) == [True] * 4
    assert up(*one, (3, "two", "ingest", False)) == [False, False, False, True]


def test_time_goes_on_where_another_worker_hears_when_one_begins() -> None:
    alone = told((0, "one", "ingest", True), (2, "one", "ingest", True))
    assert alone.audible_us[0] == 0
    beside = told((0, "one", "ingest", True), (2, "two", "ingest", True))
    assert beside.audible_us[0] == 2 * SECOND_US


def test_of_two_entries_five_seconds_apart_the_time_between_counts_of_more_not() -> (
    None
):
    for apart_s, heard_s in ((5.0, 5), (5.001, 0)):
        after = told((0, "one", "mqtt", True), (apart_s, "one", "mqtt", True))
        assert after.audible_us[1] == heard_s * SECOND_US


def test_of_too_many_workers_the_least_lately_heard_is_forgotten() -> None:
    many = [(float(n), f"{n}", "mqtt", n == 0) for n in range(MOST_WORKERS + 1)]
    assert up(*many[:-1]) == [True] * 4
    assert up(*many) == [True, False, False, True]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 90),
            st.sampled_from(["ingest", "mqtt", "mqtt/GW-2", "modbus/CAB-1"]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_one_worker_is_as_one_without_a_name(
    words: list[tuple[int, str, bool]],
) -> None:
    seen: list[tuple[list[bool], list[int]]] = []
    for name in ("", "one"):
        at_s, said = 0, []
        for step_s, link, is_up in words:
            at_s += step_s
            said.append((at_s, name, link, is_up))
        state = told(*said)
        seen.append((state.is_up.tolist(), state.audible_us.tolist()))
    assert seen[0] == seen[1] == plainly(words)


def plainly(words: list[tuple[int, str, bool]]) -> tuple[list[bool], list[int]]:
    """Say what one worker's words come to, by the letter of the rule."""
    platform, said = True, dict[int, bool]()
    audible_s = [0] * len(LINKS)
    for n, (step_s, word, is_up) in enumerate(words):
        is_counted = n > 0 and step_s <= 5 and platform
        if is_counted and not (word == "ingest" and is_up):
            for link in range(len(LINKS)):
                audible_s[link] += step_s * said.get(link, True)
        edge, _, gateway = word.partition("/")
        if edge == "ingest":
            platform, said = is_up, dict.fromkeys(said, False)
            continue
        for link, (of_edge, of_gateway) in enumerate(LINKS):
            if edge == of_edge and gateway in ("", of_gateway):
                said[link] = is_up
    shown = [platform, *(said.get(link, True) for link in range(1, len(LINKS)))]
    return shown, [seconds * SECOND_US for seconds in audible_s]
