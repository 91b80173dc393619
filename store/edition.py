"""Which PostgreSQL this is: with TimescaleDB's community or Apache build, or plain."""

from enum import StrEnum

from store.connection import Connection

_EDITION = """
SELECT current_setting('timescaledb.license', true)
FROM pg_extension WHERE extname = 'timescaledb'
"""


class Edition(StrEnum):
    """What the database can do; the schema and its names are the same in all three."""

    COMMUNITY = "community"  # hypertables, compression and its policies
    APACHE = "apache"  # hypertables, no compression
    PLAIN = "plain"  # ordinary tables


async def edition_of(connection: Connection) -> Edition:
    """Return the edition of the database behind `connection`."""
    row = await connection.fetchrow(_EDITION)
    if row is None:
        return Edition.PLAIN
    return Edition.COMMUNITY if row[0] == "timescale" else Edition.APACHE
