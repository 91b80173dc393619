import asyncpg
import numpy as np
import pytest

from store.telemetry.copy_binary import Column, copy_columns, copy_octets

TABLE = """
CREATE TEMPORARY TABLE took (
    n integer, small smallint, whole bigint, single real, double double precision
)
"""


def test_the_octets_are_what_postgresqls_documentation_says() -> None:
    octets = copy_octets([Column("n", np.array([258], np.int32))])
    assert octets == (
        b"PGCOPY\n\xff\r\n\0"
        b"\0\0\0\0"  # flags
        b"\0\0\0\0"  # length of the extension
        b"\0\1"  # fields
        b"\0\0\0\4\0\0\1\2"
        b"\xff\xff"
    )


def test_no_rows_are_a_header_and_a_trailer() -> None:
    octets = copy_octets([Column("n", np.empty(0, np.int32))])
    assert len(octets) == 11 + 8 + 2


@pytest.mark.db
async def test_every_type_and_every_pattern_of_nulls_arrives(
    empty_database_url: str,
) -> None:
    rows = 64
    chance = np.random.default_rng(1)
    missing = chance.random((4, rows)) < 0.4
    values = [
        chance.integers(-(2**15), 2**15, rows, np.int16),
        chance.integers(-(2**63), 2**63 - 1, rows, np.int64),
        chance.random(rows, np.float32),
        chance.random(rows),
    ]
    names = ["small", "whole", "single", "double"]
    columns = [Column("n", np.arange(rows, dtype=np.int32))]
    columns += map(Column, names, values, missing)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(TABLE)
    await copy_columns(connection, "took", columns)
    took = await connection.fetch("SELECT * FROM took ORDER BY n")
    await connection.close()
    assert len(took) == rows
    for n, row in enumerate(took):
        for name, column, lacks in zip(names, values, missing, strict=True):
            assert row[name] == (None if lacks[n] else column[n])
