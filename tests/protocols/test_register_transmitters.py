"""Maps of real transmitters: their own units, decimals and floats."""

import json
from collections.abc import Mapping

import pytest

from ingest.protocols.errors import ProtocolError
from ingest.protocols.register_layout import Table
from ingest.protocols.register_map import decode, load_map
from tests.protocols.test_register_map import (
    MODBUS,
    NOW,
    answers_of,
    value_in,
)
from vocabulary.reading import Reading
from vocabulary.refusal import Reason


@pytest.mark.parametrize(
    ("unit", "decimals", "raw", "kpa"),
    [(0, 3, 250, 250), (1, 1, 2505, 250.5), (3, 2, 250, 250), (4, 0, 0xFFFF, -0.1)],
)
def test_a_transmitter_says_its_own_unit_and_decimals(
    unit: int, decimals: int, raw: int, kpa: float
) -> None:
    registers = {2: unit, 3: decimals, 4: raw}
    value = value_in(load_map("lobaro_3000588"), registers)
    assert value == pytest.approx(kpa)


@pytest.mark.parametrize("registers", [{2: 9, 3: 0, 4: 1}, {2: 1, 3: 7, 4: 1}])
def test_a_unit_that_nobody_knows_makes_the_value_no_number(
    registers: Mapping[int, int],
) -> None:
    register_map = load_map("lobaro_3000588")
    answers = answers_of(register_map, {Table.HOLDING: registers})
    (refused,) = decode(answers, unit_id=7, measured_at=NOW)
    assert isinstance(refused, ProtocolError)
    assert refused.reason is Reason.BAD_VALUE
    assert "no known factor" in refused.detail


def test_a_transmitters_floats_are_read_as_its_maker_reads_them() -> None:
    """Registers 22-23 and 38-39 of the maker's example: 0.073 mH2O, 22.96 °C."""
    register_map = load_map("lobaro_3000625")
    factor, pressure, warmth = register_map.blocks()
    earlier = {factor: [22]}  # mH2O, asked for in each tenth round only
    answers = {pressure: [0x3D94, 0xCE45], warmth: [0x41B7, 0xA512]}
    readings = decode(answers, unit_id=1, measured_at=NOW, beside=earlier)
    values = {
        one.quantity.value: one.value for one in readings if isinstance(one, Reading)
    }
    assert values["pressure_kpa"] == pytest.approx(0.07266 * 9.80665, rel=1e-3)
    assert values["water_temperature_c"] == pytest.approx(22.96, abs=0.005)
    refused, _ = decode(answers, unit_id=1, measured_at=NOW)
    assert isinstance(refused, ProtocolError)


@pytest.mark.realdata
@pytest.mark.skipif(not MODBUS.exists(), reason="no registers beside the checkout")
def test_the_shipped_transmitters_stand_where_their_makers_say() -> None:
    facts = json.loads((MODBUS / "register_maps.json").read_text())

    def at(kind: str, name: str) -> int:
        (place,) = [
            int(register["address"], 16)
            for register in facts[kind]["registers"]
            if register["name"] == name
        ]
        return place

    def placed(name: str) -> dict[str, tuple[int, int]]:
        fields = load_map(name).fields
        return {field.name: (field.address, field.form.width) for field in fields}

    whole, floats = "pressure_transmitter_int16", "pressure_transmitter_float"
    assert placed("lobaro_3000588") == {
        "unit": (at(whole, "pressure unit"), 1),
        "decimals": (at(whole, "decimals"), 1),
        "pressure_kpa": (at(whole, "pressure output value"), 1),
    }
    there = placed("lobaro_3000625")
    assert there["pressure_kpa"] == (at(floats, "pressure"), 2)
    assert there["water_temperature_c"] == (at(floats, "temperature"), 2)
