"""NMEA 0183: positions of vehicles, and who sends them.

A terminal says who it is with `$PGZID,<terminal>*CS` (ours; NMEA 0183 names no sender),
then sends its receiver's sentences as they come. Only RMC makes a position; a GGA of
the same second adds satellites, dilution and altitude; all else is counted.

This is the package's front; the parts:

- `framer`: octets to lines, bounded.
- `sentence`: one line's address, checksum and fields.
- `login`: our own sentence.
- `fields`: numbers, coordinates, times, in the standard's form or refused.
- `fix`: what a valid RMC or GGA says. pynmea2 splits it, we judge it.
- `week`: receivers whose GPS week number rolled over.
- `stream`: all of it together, for one connection.
- `counts`: what went through.
- `encode`: the other direction, for simulators.
"""

from ingest.protocols.nmea0183.counts import Counts
from ingest.protocols.nmea0183.encode import encode_gga, encode_login, encode_rmc
from ingest.protocols.nmea0183.login import Identity
from ingest.protocols.nmea0183.stream import Item, NmeaStream

__all__ = [
    "Counts",
    "Identity",
    "Item",
    "NmeaStream",
    "encode_gga",
    "encode_login",
    "encode_rmc",
]
