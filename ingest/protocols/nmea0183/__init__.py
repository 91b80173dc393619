"""NMEA 0183: positions of vehicles, and who sends them.

A terminal says who it is with `$PGZID,<terminal>*CS` (ours; NMEA 0183 names no sender),
then sends its receiver's sentences as they come. Those of one epoch are joined into one
position, whatever their talker and their order; what is no RMC, GGA, GLL, ZDA, GSA or
VTG is counted.

This is the package's front; the parts:

- `framer`: octets to lines, bounded.
- `sentence`: one line's address, checksum and fields.
- `login`: our own sentence.
- `fields`: numbers, coordinates, times, in the standard's form or refused.
- `parsed`: a sentence's fields by name. pynmea2 splits them, we judge them.
- `fix`: what says where: RMC, GGA, GLL.
- `detail`: what says more: GSA, VTG, ZDA.
- `epoch`: what was said of one moment, joined.
- `joiner`: when an epoch is over, and its position.
- `days`: which day it is where a sentence has a time only.
- `week`: receivers whose GPS week number rolled over.
- `stream`: all of it together, for one connection.
- `counts`: what went through.
- `encode`: the other direction, for simulators.
"""

from ingest.protocols.nmea0183.counts import Counts
from ingest.protocols.nmea0183.encode import (
    encode_gga,
    encode_gll,
    encode_gsa,
    encode_login,
    encode_rmc,
    encode_vtg,
    encode_zda,
)
from ingest.protocols.nmea0183.login import Identity
from ingest.protocols.nmea0183.stream import Item, NmeaStream

__all__ = [
    "Counts",
    "Identity",
    "Item",
    "NmeaStream",
    "encode_gga",
    "encode_gll",
    "encode_gsa",
    "encode_login",
    "encode_rmc",
    "encode_vtg",
    "encode_zda",
]
