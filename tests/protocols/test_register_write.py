"""What is written so that a wish comes true: functions, lengths, what must show."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.modbus_frame import ReadRequest, probe_of, shape_of
from ingest.protocols.register_file import RegisterMapError, map_from
from ingest.protocols.register_layout import Block, RegisterMap, Table
from ingest.protocols.register_map import load_map, map_names
from ingest.protocols.register_programme import (
    Switching,
    programme_in,
    seal_of,
    words_of,
)
from ingest.protocols.register_write import (
    Wish,
    WishError,
    WritePlan,
    plan_write,
    read_back_blocks,
    shown,
    writable_points,
)

HEAD = 'title_zh = "表"\ntitle_en = "map"\nsource = "this test"\n'
CABINET = load_map("gezhi_cabinet")
NAMES = ("contactor_on", "cabinet_door_open", "mains_lost", "valve_open")
COILS = "".join(
    f'[[field]]\nquantity = "{name}"\ntable = "discrete"\naddress = {at}\n'
    f'[[write]]\npoint = "{name}"\ntable = "coil"\naddress = {at}\nrange = [0, 1]\n'
    for name, at in zip(NAMES, (3, 4, 5, 9), strict=True)
)


def a_map(text: str) -> RegisterMap:
    return map_from("a_map", (HEAD + text).encode())


def written(plan: WritePlan) -> list[tuple[int, int, tuple[int, ...]]]:
    return [(one.function, one.address, one.words) for one in plan.requests]


def plan(
    wish: Wish, *, part: str = "", register_map: RegisterMap = CABINET
) -> WritePlan:
    return plan_write(register_map, unit_id=1, part=part, wish=wish)


def test_one_register_is_written_by_function_6() -> None:
    made = plan(Wish(values={"contactor_on": 0}))
    assert written(made) == [(6, 400, (0,))]
    assert made.within_s == 5
    (expected,) = made.expected
    assert (expected.block.address, expected.block.count) == (0, 1)
    assert (expected.value, expected.tolerance) == (0, 0)


def test_a_lamp_has_its_own_register_and_shows_the_effect_in_its_own_block() -> None:
    made = plan(Wish(values={"dimming_pct": 40}), part="lamp/03")
    assert written(made) == [(6, 412, (40,))]
    assert made.expected[0].block.address == 100 + 2 * 4 + 2


def test_one_coil_is_function_5_neighbours_are_15_and_what_stands_apart_is_apart() -> (
    None
):
    coils = a_map(COILS)
    one = plan(Wish(values={"contactor_on": 1}), register_map=coils)
    assert written(one) == [(5, 3, (1,))]
    wish = Wish(values=dict(zip(NAMES[::-1], (1, 0, 1, 1), strict=True)))
    several = plan(wish, register_map=coils)
    assert written(several) == [(15, 3, (1, 1, 0)), (5, 9, (1,))]


def test_a_slave_that_knows_only_some_functions_is_told_by_those() -> None:
    wish = Wish(values={"contactor_on": 1, "cabinet_door_open": 0})
    only_one = a_map("functions = [5, 6]\n" + COILS)
    assert written(plan(wish, register_map=only_one)) == [(5, 3, (1,)), (5, 4, (0,))]
    only_many = a_map("functions = [15, 16]\n" + COILS)
    one = Wish(values={"contactor_on": 1})
    assert written(plan(one, register_map=only_many)) == [(15, 3, (1,))]


def test_a_value_of_two_registers_is_one_request_of_function_16() -> None:
    text = (
        '[[field]]\nquantity = "power_w"\naddress = 0\ntype = "float32"\n'
        '[[write]]\npoint = "power_w"\naddress = 10\ntype = "float32"\n'
        'order = "CDAB"\nrange = [0, 100]\n'
    )
    made = plan(Wish(values={"power_w": 1.0}), register_map=a_map(text))
    assert written(made) == [(16, 10, (0x0000, 0x3F80))]


DAY = (
    Switching(minute=360, level_pct=0),
    Switching(minute=1080, level_pct=100),
    Switching(minute=1380, level_pct=50, days=0b0011111),
)


def test_a_programme_is_written_whole_and_then_sealed() -> None:
    made = plan(Wish(programme=DAY))
    words = tuple(words_of(DAY))
    assert written(made) == [(16, 500, words), (16, 490, seal_of(words))]
    (expected,) = made.expected
    assert expected.block == Block(Table.HOLDING, 492, 2)
    assert expected.words == seal_of(words)


@pytest.mark.parametrize(("most", "pieces"), [(123, 2), (60, 4), (7, 28)])
def test_a_long_programme_is_split_by_the_slaves_limit(most: int, pieces: int) -> None:
    entries = tuple(Switching(minute=n, level_pct=n % 101) for n in range(64))
    small = replace(CABINET, most_written=most)
    made = plan(Wish(programme=entries), register_map=small)
    *table, seal = made.requests
    assert len(table) == pieces
    assert max(one.count for one in table) <= most
    sent = {
        one.address + offset: word
        for one in table
        for offset, word in enumerate(one.words)
    }
    assert sorted(sent) == list(range(500, 500 + 3 * 64))
    assert programme_in([sent[at] for at in sorted(sent)]) == entries
    assert seal.words == seal_of(words_of(entries))


def test_no_programme_is_a_seal_of_nothing() -> None:
    assert written(plan(Wish(programme=()))) == [(16, 490, (0, 0xFFFF))]


@pytest.mark.parametrize(
    ("part", "wish", "said"),
    [
        ("", Wish(), "nothing is wished"),
        ("", Wish(values={"dimming_pct": 5}), "takes contactor_on, but not 'dimm"),
        ("lamp/65", Wish(values={"dimming_pct": 5}), "takes nothing"),
        ("lamp/01", Wish(values={"dimming_pct": 101}), "not in 0..100"),
        ("lamp/01", Wish(values={"dimming_pct": float("nan")}), "not in 0..100"),
        ("", Wish(values={"contactor_on": 0.4}), "cannot be 0.4"),
        ("lamp/01", Wish(programme=DAY), "takes no programme"),
        ("", Wish(programme=(Switching(minute=1440, level_pct=5),)), "minute 1440"),
        ("", Wish(programme=(Switching(minute=5, level_pct=-1),)), "level -1"),
        ("", Wish(programme=(Switching(minute=5, level_pct=1, days=0),)), "days 0"),
        ("", Wish(programme=DAY * 22), "room for 64"),
    ],
)
def test_what_a_device_cannot_do_is_said(part: str, wish: Wish, said: str) -> None:
    with pytest.raises(WishError, match=said):
        plan(wish, part=part)


def test_what_is_read_back_is_compared_with_what_was_wished() -> None:
    made = plan(Wish(values={"dimming_pct": 40}), part="lamp/03")
    (block,) = [one.block for one in made.expected]
    near, far = shown(made, {block: [42]}), shown(made, {block: [43]})
    assert (near.is_as_wished, near.values) == (True, {"dimming_pct": 42})
    assert (far.is_as_wished, far.values) == (False, {"dimming_pct": 43})
    made = plan(Wish(programme=DAY))
    (block,) = [one.block for one in made.expected]
    assert shown(made, {block: seal_of(words_of(DAY))}).is_as_wished
    assert shown(made, {block: [3, 0]}).values == {"programme": 0}


def test_what_a_device_takes_can_be_asked() -> None:
    assert writable_points("gezhi_cabinet", "1") == ["contactor_on", "programme"]
    assert writable_points("gezhi_cabinet", "1/lamp/64") == ["dimming_pct"]
    assert writable_points("pressure_rtu", "1") == []


@pytest.mark.parametrize("name", map_names())
def test_the_probe_of_each_shipped_map_looks_like_nothing_else_that_is_read(
    name: str,
) -> None:
    register_map = load_map(name)
    read = [
        ReadRequest(unit_id=7, table=b.table, address=b.address, count=b.count)
        for b in [*register_map.blocks(), *read_back_blocks(register_map)]
    ]
    assert shape_of(probe_of(read)) not in {shape_of(one) for one in read}


@given(st.lists(st.integers(1, 125), min_size=1, max_size=8), st.sampled_from(Table))
def test_a_probe_can_always_be_told_from_the_rest(
    counts: list[int], table: Table
) -> None:
    read = [
        ReadRequest(unit_id=7, table=table, address=9, count=count) for count in counts
    ]
    assert shape_of(probe_of(read)) not in {shape_of(one) for one in read}


@given(
    st.lists(
        st.builds(
            Switching,
            minute=st.integers(0, 1439),
            level_pct=st.integers(0, 100),
            days=st.integers(1, 127),
        ),
        max_size=64,
    )
)
def test_a_programme_comes_back_from_its_registers(entries: list[Switching]) -> None:
    assert programme_in(words_of(entries)) == tuple(entries)


@pytest.mark.parametrize("words", [[1, 2], [0, 5, 5], [1, 1440, 5], [1, 5, 101]])
def test_registers_that_are_no_programme_are_refused(words: list[int]) -> None:
    with pytest.raises(ValueError, match=r"entries|days|minute|level"):
        programme_in(words)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '[[write]]\npoint = "power_w"\naddress = 1\nrange = [0, 1]\n',
            "no field of that name shows its effect",
        ),
        (
            (
                '[[field]]\nquantity = "power_w"\naddress = 1\n[[write]]\n'
                'point = "power_w"\naddress = 1\nrange = [2, 1]\ntype = "bits"\n'
            ),
            "cannot be written alone.*range is not",
        ),
        (
            (
                'functions = [6]\n[[field]]\nquantity = "power_w"\naddress = 1\n'
                '[[write]]\npoint = "power_w"\naddress = 1\nrange = [0, 1]\n'
                'type = "uint32"\n'
            ),
            "needs function 16",
        ),
        ("most_written = 124\n", "most_written"),
        (
            "functions = [6]\n[programme]\naddress=1\nentries=2\ncommit=3\nactive=5\n",
            "programme: needs function 16",
        ),
    ],
)
def test_a_map_that_cannot_be_written_as_it_says_is_refused(
    text: str, fault: str
) -> None:
    with pytest.raises(RegisterMapError, match=fault):
        a_map(text)
