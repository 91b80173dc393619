"""The two check codes that look alike, by the vectors of the standards' own texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.crc16 import hj212_crc16, modbus_crc16

EXAMPLE = (
    b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
    b"Flag=5;CP=&&RtdInterval=30&&"
)
"""HJ 212-2017, annex A: framed with 1C80; the prose beside it says 1C08."""


def test_the_example_of_hj_212_has_the_code_of_its_frame_not_of_its_prose() -> None:
    assert len(EXAMPLE) == 101
    assert hj212_crc16(EXAMPLE) == 0x1C80


def test_the_code_of_modbus_over_the_same_octets_is_another() -> None:
    assert modbus_crc16(EXAMPLE) == 0x0759


def test_the_code_of_modbus_is_the_one_every_description_gives() -> None:
    assert modbus_crc16(b"123456789") == 0x4B37


@pytest.mark.parametrize(
    "frame",
    [
        "7E7E01001234567812342F0008020003591011155111036BCA",
        "7E7E00987654321012342F0008027E0822101110074703C3AE",
        (
            "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F01707181100"
            "201900004026190000403923000104903812109903A421"
        ),
    ],
)
def test_sl_651_has_the_code_of_modbus_high_octet_first(frame: str) -> None:
    octets = bytes.fromhex(frame)
    assert modbus_crc16(octets[:-2]).to_bytes(2, "big") == octets[-2:]


@given(st.binary(max_size=300))
def test_tables_and_bits_agree(octets: bytes) -> None:
    assert modbus_crc16(octets) == modbus_bit_by_bit(octets)
    assert hj212_crc16(octets) == hj212_bit_by_bit(octets)


def modbus_bit_by_bit(octets: bytes) -> int:
    """MODBUS over serial line V1.02, 6.2.2, step by step."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return register


def hj212_bit_by_bit(octets: bytes) -> int:
    """Annex A, step by step."""
    register = 0xFFFF
    for octet in octets:
        register = (register >> 8) ^ octet
        for _ in range(8):
            check = register & 1
            register >>= 1
            if check:
                register ^= 0xA001
    return register
