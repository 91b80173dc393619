"""One value in registers: other people's conversions, and there and back again."""

import json
import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.register_value import (
    LETTERS,
    ValueForm,
    ValueType,
    value_from,
    words_from,
)

MODBUS = Path(__file__).parents[2].parent / "shared" / "realdata" / "modbus"
TELEGRAF_TYPES = {
    "BIT": ValueType.BITS,
    "UINT8L": ValueType.UINT8_LOW,
    "UINT8H": ValueType.UINT8_HIGH,
    "INT8L": ValueType.INT8_LOW,
    "INT8H": ValueType.INT8_HIGH,
    "FLOAT16-IEEE": ValueType.FLOAT16,
    "FLOAT32-IEEE": ValueType.FLOAT32,
    "FLOAT64-IEEE": ValueType.FLOAT64,
    "FIXED": None,  # a signed integer as wide as its registers
}
FIXED = {1: ValueType.INT16, 2: ValueType.INT32, 4: ValueType.INT64}

TelegrafRow = dict[str, str | float | list[int] | None]


def telegraf_rows() -> list[object]:
    file = MODBUS / "telegraf_register_conversions.json"
    if not file.exists():
        return [pytest.param({}, id="absent")]
    return [pytest.param(row, id=row["name"]) for row in json.loads(file.read_text())]


@pytest.mark.realdata
@pytest.mark.skipif(not MODBUS.exists(), reason="no registers beside the checkout")
@pytest.mark.parametrize("row", telegraf_rows())
def test_registers_mean_what_telegraf_makes_of_them(row: TelegrafRow) -> None:
    name = str(row["data_type"])
    if name == "STRING":  # a reading is a number; no map may say otherwise
        with pytest.raises(ValueError, match="string"):
            ValueType(name.lower())
        return
    words = words_of(str(row["register_bytes"]))
    order = str(row["byte_order"])
    form = ValueForm(
        type=TELEGRAF_TYPES.get(name) or type_of(name, len(words)),
        order="" if order == LETTERS[: len(order)] else order,
        scale=float(str(row["scale"] or 1)),
        bit=int(str(row["bit"] or 0)),
    )
    assert form.faults() == []
    value = value_from(form, words)
    # Telegraf cuts a scaled integer back to its type; our readings are all floats.
    is_cut = "8" in name
    expected = float(str(row["expected"]))
    assert (math.trunc(value) if is_cut else value) == pytest.approx(expected, rel=1e-7)


def type_of(name: str, width: int) -> ValueType:
    return FIXED[width] if name == "FIXED" else ValueType(name.lower())


def words_of(digits: str) -> list[int]:
    octets = bytes.fromhex(digits)
    return list(struct.unpack(f">{len(octets) // 2}H", octets))


@pytest.mark.realdata
@pytest.mark.skipif(not MODBUS.exists(), reason="no registers beside the checkout")
def test_vaisalas_constant_registers_read_as_its_manual_says() -> None:
    maps = json.loads((MODBUS / "register_maps.json").read_text())
    checked = 0
    for check in maps["vaisala_communication_test_constants"]["checks"]:
        if check["type"] == "string":
            continue
        form = ValueForm(type=ValueType(check["type"]))
        value = value_from(form, words_of(check["hex"]))
        assert value == pytest.approx(check["value"])
        checked += 1
    assert checked == 2


def test_a_scale_of_a_tenth_is_exact() -> None:
    form = ValueForm(type=ValueType.UINT16, scale=0.1)
    assert [value_from(form, [raw]) for raw in (3, 2297)] == [0.3, 229.7]


def test_an_offset_is_what_raw_0_is_worth() -> None:
    form = ValueForm(type=ValueType.UINT16, scale=0.1, offset=-40)
    assert value_from(form, [0]) == -40
    assert words_from(form, 25.5) == [655]


def test_bits_are_cut_out_of_their_register() -> None:
    form = ValueForm(type=ValueType.BITS, bit=4, bit_count=3)
    assert value_from(form, [0b1010_0000_0101_1111]) == 0b101


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (ValueForm(type=ValueType.FLOAT32, order="AB"), "order"),
        (ValueForm(type=ValueType.UINT16, order="AC"), "order"),
        (ValueForm(type=ValueType.BITS, order="BA"), "order"),
        (ValueForm(type=ValueType.UINT16, scale=0), "scale"),
        (ValueForm(type=ValueType.BITS, bit=12, bit_count=5), "bits"),
        (ValueForm(type=ValueType.BITS, bit=-1), "bits"),
    ],
)
def test_a_form_that_cannot_be_says_why(form: ValueForm, fault: str) -> None:
    (said,) = form.faults()
    assert fault in said


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (ValueForm(type=ValueType.UINT16), -1),
        (ValueForm(type=ValueType.INT16), 32768),
        (ValueForm(type=ValueType.UINT16), math.nan),
        (ValueForm(type=ValueType.INT32), math.inf),
        (ValueForm(type=ValueType.FLOAT32), 1e300),
        (ValueForm(type=ValueType.BITS, bit_count=2), 4),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(
    form: ValueForm, value: float
) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        words_from(form, value)


@st.composite
def forms(draw: st.DrawFn) -> ValueForm:
    type_ = draw(st.sampled_from([t for t in ValueType if t not in ONE_REGISTER_PARTS]))
    width = ValueForm(type=type_).width
    order = "".join(draw(st.permutations(LETTERS[: 2 * width])))
    return ValueForm(type=type_, order=draw(st.sampled_from(["", order])))


ONE_REGISTER_PARTS = {t for t in ValueType if t is ValueType.BITS or "8-" in t}


@given(forms(), st.data())
def test_any_registers_come_back_through_their_value(
    form: ValueForm, data: st.DataObject
) -> None:
    words = data.draw(st.lists(st.integers(0, 65535), min_size=4, max_size=4))
    value = value_from(form, words[: form.width])
    if math.isnan(value) or abs(value) > 2**53:
        return  # beyond what a float holds to the last bit
    assert value_from(form, words_from(form, value)) == value
