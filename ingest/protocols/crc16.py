"""The two check codes over the polynomial 0xA001 that look alike and are not.

Both begin with 0xFFFF and shift right. Modbus (and SL 651, H.3.2) adds each octet to
the register's low octet; HJ 212-2017 (annex A) moves the high octet down, adds to that,
and forgets the low octet.
"""

_POLYNOMIAL = 0xA001
_BEGIN = 0xFFFF


def _shifted(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
    return register


_TABLE = tuple(_shifted(octet) for octet in range(256))


def modbus_crc16(octets: bytes) -> int:
    """Return the CRC of Modbus and SL 651; they write it in opposite orders."""
    register = _BEGIN
    for octet in octets:
        register = (register >> 8) ^ _TABLE[(register ^ octet) & 0xFF]
    return register


def hj212_crc16(octets: bytes) -> int:
    """Return the CRC of HJ 212, written high octet first."""
    register = _BEGIN
    for octet in octets:
        register = _TABLE[(register >> 8) ^ octet]
    return register
