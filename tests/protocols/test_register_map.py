"""Register maps: what stands where, in how few requests, and what it means."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.register_file import RegisterMapError, map_from
from ingest.protocols.register_layout import (
    MOST_IN_ONE,
    Block,
    RegisterMap,
    Table,
)
from ingest.protocols.register_map import (
    UnknownMapError,
    decode,
    encode,
    load_map,
    map_names,
)
from vocabulary.quality import Quality
from vocabulary.quantity import QUANTITIES
from vocabulary.reading import Reading
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
MODBUS = Path(__file__).parents[2].parent / "shared" / "realdata" / "modbus"
HEAD = 'title_zh = "表"\ntitle_en = "map"\nsource = "this test"\n'

Tables = Mapping[Table, Mapping[int, int]]


def answers_of(
    register_map: RegisterMap, tables: Tables, parts: Sequence[str] | None = None
) -> dict[Block, list[int]]:
    """Answer a map's requests as a device with these registers would."""
    return {
        block: [
            tables[block.table].get(address, 0)
            for address in range(block.address, block.address + block.count)
        ]
        for block in register_map.blocks(parts)
    }


def readings_of(
    register_map: RegisterMap, tables: Tables, *, unit_id: int = 7
) -> list[Reading]:
    items = decode(answers_of(register_map, tables), unit_id=unit_id, measured_at=NOW)
    return [item for item in items if isinstance(item, Reading)]


def a_map(text: str) -> RegisterMap:
    return map_from("a_map", (HEAD + text).encode())


def value_in(register_map: RegisterMap, holding: Mapping[int, int]) -> float:
    (reading,) = readings_of(register_map, {Table.HOLDING: holding})
    return reading.value


@pytest.mark.parametrize("name", map_names())
def test_every_shipped_map_says_what_it_encodes(name: str) -> None:
    register_map = load_map(name)
    values = {
        part: {
            field.name: 1.0
            for field in register_map.fields
            if field.part == part and field.quantity
        }
        for part in register_map.parts
    }
    readings = readings_of(register_map, encode(register_map, values))
    assert len(readings) == sum(map(len, values.values()))
    assert {reading.value for reading in readings} == {1.0}
    assert {reading.quality for reading in readings} == {Quality.NO_DEVICE_TIME}


def test_the_cabinets_map_is_read_in_four_requests() -> None:
    blocks = load_map("gezhi_cabinet").blocks()
    assert [(block.address, block.count) for block in blocks] == [
        (0, 8),
        (100, 125),
        (225, 125),
        (350, 6),
    ]


def test_only_the_parts_that_exist_are_asked_for() -> None:
    blocks = load_map("gezhi_cabinet").blocks(["", "lamp/01", "lamp/02", "lamp/64"])
    assert [(block.address, block.count) for block in blocks] == [
        (0, 8),
        (100, 8),
        (352, 4),
    ]


def test_a_lamp_is_named_below_its_cabinet() -> None:
    register_map = load_map("gezhi_cabinet")
    tables = encode(register_map, {"": {}, "lamp/01": {"temperature_c": -12.3}})
    answers = answers_of(register_map, tables, ["", "lamp/01"])
    readings = decode(answers, unit_id=1, measured_at=NOW)
    named = {
        (one.device, one.quantity.value): one.value
        for one in readings
        if isinstance(one, Reading)
    }
    assert named["1/lamp/01", "temperature_c"] == -12.3
    assert named["1", "voltage_v"] == 0


def test_a_reading_says_that_the_device_gave_no_time() -> None:
    register_map = load_map("pressure_rtu")
    tables = encode(register_map, {"": {"pressure_kpa": 312.5, "battery_v": 12.6}})
    pressure, battery = readings_of(register_map, tables)
    assert (pressure.device, pressure.value) == ("7", 312.5)
    assert battery.value == 12.6
    assert pressure.measured_at == NOW
    assert pressure.quality == Quality.NO_DEVICE_TIME


def test_a_fault_bit_marks_what_it_makes_doubtful_and_nothing_else() -> None:
    register_map = load_map("pressure_rtu")
    tables = encode(register_map, {"": {"pressure_kpa": 0, "sensor_fault": 1}})
    pressure, battery = readings_of(register_map, tables)
    assert Quality.SENSOR_FAULT in pressure.quality
    assert Quality.SENSOR_FAULT not in battery.quality


def test_what_is_no_number_is_refused_and_its_neighbour_is_not() -> None:
    register_map = load_map("pressure_rtu")
    tables = encode(register_map, {"": {"pressure_kpa": math.nan, "battery_v": 12}})
    refused, battery = decode(
        answers_of(register_map, tables), unit_id=7, measured_at=NOW
    )
    assert isinstance(refused, ProtocolError)
    assert refused.reason is Reason.BAD_VALUE
    assert refused.octets == struct.pack(">f", math.nan)
    assert isinstance(battery, Reading)


def test_what_cannot_be_is_flagged_and_kept() -> None:
    register_map = load_map("pressure_rtu")
    tables = encode(register_map, {"": {"pressure_kpa": 9000}})
    pressure, _ = readings_of(register_map, tables)
    assert pressure.value == 9000
    assert Quality.OUT_OF_RANGE in pressure.quality


def test_a_block_without_an_answer_takes_only_its_own_values() -> None:
    register_map = load_map("gezhi_cabinet")
    tables = encode(register_map, {part: {} for part in register_map.parts})
    answers = answers_of(register_map, tables)
    del answers[register_map.blocks()[1]]
    readings = decode(answers, unit_id=1, measured_at=NOW)
    assert len(readings) == 7 + 131


def test_coils_and_discrete_inputs_are_read_apart_from_registers() -> None:
    register_map = a_map(
        """
        [[field]]
        quantity = "contactor_on"
        table = "coil"
        address = 3
        [[field]]
        quantity = "cabinet_door_open"
        table = "discrete"
        address = 3
        [[field]]
        quantity = "voltage_v"
        table = "input"
        address = 3
        """
    )
    values = {"": {"contactor_on": 1, "cabinet_door_open": 0, "voltage_v": 230}}
    tables = encode(register_map, values)
    assert tables == {Table.COIL: {3: 1}, Table.DISCRETE: {3: 0}, Table.INPUT: {3: 230}}
    readings = readings_of(register_map, tables)
    assert {one.quantity.value: one.value for one in readings} == values[""]


def test_a_gap_is_read_over_only_where_the_map_allows_it() -> None:
    fields = "".join(
        f'[[field]]\nquantity = "{name}"\naddress = {address}\n'
        for name, address in (("power_w", 0), ("voltage_v", 3), ("current_a", 4))
    )
    apart, together = a_map(fields), a_map("bridge = 2\n" + fields)
    assert [(b.address, b.count) for b in apart.blocks()] == [(0, 1), (3, 2)]
    assert [(b.address, b.count) for b in together.blocks()] == [(0, 5)]


WIDTHS = {"uint16": 1, "float32": 2, "float64": 4}


@st.composite
def any_maps(draw: st.DrawFn) -> RegisterMap:
    address, fields = 0, []
    for name in draw(st.permutations(sorted(QUANTITIES))):
        type_ = draw(st.sampled_from(sorted(WIDTHS)))
        address += draw(st.integers(0, 60))
        entry = f'quantity = "{name}"\ntype = "{type_}"\naddress = {address}\n'
        fields.append("[[field]]\n" + entry)
        address += WIDTHS[type_]
    return a_map(f"bridge = {draw(st.integers(0, 60))}\n" + "".join(fields))


@given(any_maps())
def test_blocks_hold_every_value_once_and_whole_and_are_never_too_long(
    register_map: RegisterMap,
) -> None:
    blocks = register_map.blocks()
    assert [field for block in blocks for field in block.fields] == [
        *register_map.fields
    ]
    for block in blocks:
        assert block.count <= MOST_IN_ONE[block.table]
        for field in block.fields:
            assert block.address <= field.address
            assert field.end <= block.address + block.count


@pytest.mark.realdata
@pytest.mark.skipif(not MODBUS.exists(), reason="no registers beside the checkout")
def test_real_transmitters_layouts_can_be_written_as_maps() -> None:
    facts = json.loads((MODBUS / "register_maps.json").read_text())
    at = {
        (kind, register["name"]): int(register["address"], 16)
        for kind in ("pressure_transmitter_int16", "pressure_transmitter_float")
        for register in facts[kind]["registers"]
    }
    whole = at["pressure_transmitter_int16", "pressure output value"]
    # Unit bar, two decimals: one step is 0.01 bar, which is 1 kPa.
    bar = a_map(
        f'[[field]]\nquantity = "pressure_kpa"\naddress = {whole}\ntype = "int16"\n'
        'table = "input"\n'
    )
    (pressure,) = readings_of(bar, {Table.INPUT: {whole: 0xFFFF}})
    assert pressure.value == -1
    float_at = at["pressure_transmitter_float", "pressure"]
    warm_at = at["pressure_transmitter_float", "temperature"]
    floats = a_map(
        f'[[field]]\nquantity = "pressure_kpa"\naddress = {float_at}\n'
        'type = "float32"\n'
        f'[[field]]\nquantity = "temperature_c"\naddress = {warm_at}\n'
        'type = "float32"\n'
    )
    assert [(b.address, b.count) for b in floats.blocks()] == [(0x16, 2), (0x26, 2)]


def test_all_that_is_wrong_with_a_map_is_said_at_once() -> None:
    with pytest.raises(RegisterMapError) as caught:
        a_map(
            """
            [[field]]
            quantity = "happiness"
            address = 0
            scale = 0
            [[field]]
            address = 70000
            table = "attic"
            """
        )
    said = str(caught.value)
    for fault in ("happiness", "scale", "70000", "attic", "quantity or a fault"):
        assert fault in said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[field]]\nadress = 1\n", "adress"),
        ('[[field]]\naddress = "1"\n', "address"),
        ("[[field", "Expected"),
        (
            (
                '[[field]]\nquantity = "power_w"\naddress = 0\ntype = "uint32"\n'
                '[[field]]\nquantity = "voltage_v"\naddress = 1\n'
            ),
            "both stand at 1",
        ),
        (
            (
                '[[field]]\nquantity = "power_w"\naddress = 0\n'
                '[[field]]\nquantity = "power_w"\naddress = 1\n'
            ),
            "power_w twice",
        ),
        (
            '[[field]]\nquantity = "power_w"\naddress = 0\nplausible = [2, 1]\n',
            "plausible",
        ),
    ],
)
def test_a_wrong_map_is_refused(text: str, fault: str) -> None:
    with pytest.raises(RegisterMapError, match=fault):
        a_map(text)


def test_bits_of_one_register_may_be_two_values() -> None:
    text = (
        '[[field]]\nquantity = "contactor_on"\naddress = 0\ntype = "bits"\n'
        '[[field]]\nquantity = "dimming_pct"\naddress = 0\ntype = "uint8-high"\n'
    )
    register_map = a_map(text)
    tables = encode(register_map, {"": {"contactor_on": 1, "dimming_pct": 80}})
    assert tables == {Table.HOLDING: {0: 80 << 8 | 1}}


def test_a_map_nobody_wrote_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownMapError, match="pressure_rtu"):
        load_map("../secrets")


@pytest.mark.parametrize(
    "values", [{"lamp/65": {"power_w": 1.0}}, {"": {"happiness": 1.0}}]
)
def test_what_is_not_in_the_map_is_not_encoded(
    values: Mapping[str, Mapping[str, float]],
) -> None:
    with pytest.raises(ValueError, match="gezhi_cabinet has no"):
        encode(load_map("gezhi_cabinet"), values)


def test_codes_mean_values_and_other_codes_nothing() -> None:
    register_map = a_map(
        """
        [[field]]
        quantity = "cabinet_door_open"
        address = 0
        type = "bits"
        bit = 4
        bit_count = 4
        codes = { 5 = 0, 10 = 1 }
        [[field]]
        fault = "state"
        marks = ["cabinet_door_open"]
        address = 1
        codes = { 0 = 0 }
        other = 1
        """
    )
    door_open, fine, odd = {0: 0xA0, 1: 0}, {0: 0x5F, 1: 0}, {0: 0x50, 1: 7}
    assert value_in(register_map, door_open) == 1
    assert value_in(register_map, fine) == 0
    (reading,) = readings_of(register_map, {Table.HOLDING: odd})
    assert Quality.SENSOR_FAULT in reading.quality
    answers = answers_of(register_map, {Table.HOLDING: {0: 0x30, 1: 0}})
    (refused,) = decode(answers, unit_id=7, measured_at=NOW)
    assert isinstance(refused, ProtocolError)
    with pytest.raises(ValueError, match="no code means"):
        encode(register_map, {"": {"cabinet_door_open": 2}})


def test_what_is_asked_for_seldom_is_a_request_of_its_own() -> None:
    text = (
        '[[field]]\nquantity = "power_w"\naddress = 0\n'
        '[[field]]\nquantity = "energy_kwh"\naddress = 1\nevery = 60\n'
    )
    blocks = a_map(text).blocks()
    assert [(b.address, b.count, b.every) for b in blocks] == [(0, 1, 1), (1, 1, 60)]


def test_a_factor_that_is_not_there_is_a_fault_of_the_map() -> None:
    text = '[[field]]\nquantity = "power_w"\naddress = 0\nfactors = ["unit"]\n'
    with pytest.raises(RegisterMapError, match="no factor 'unit'"):
        a_map(text)
