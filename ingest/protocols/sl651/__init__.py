"""SL 651-2014 (水文监测数据通信规约) between stations and a centre, HEX/BCD encoding.

Clauses are those of the approval draft, whose text is public; tables, codes and frames
are the issued standard's as far as captured messages show.

This is the package's front; the parts:

- `frame`: one frame, its fixed octets and check code, both ways.
- `framer`: octets to frames, bounded.
- `packets`: messages of several packets (mode M3).
- `stream`: all of it together, for one connection.
- `bcd`: numbers and times.
- `body`: who observed what, and when.
- `elements`: which elements are our quantities.
- `readings`: a report as readings.
- `answer`: what the centre says.
- `encode`: what a station says, for simulators.
"""

from ingest.protocols.sl651.answer import acknowledgement, resend_request
from ingest.protocols.sl651.body import Element, Report, Section, report_from
from ingest.protocols.sl651.frame import End, Frame, Function
from ingest.protocols.sl651.packets import Missing
from ingest.protocols.sl651.readings import is_stored, readings_of, value_of
from ingest.protocols.sl651.stream import Item, Sl651Stream

__all__ = [
    "Element",
    "End",
    "Frame",
    "Function",
    "Item",
    "Missing",
    "Report",
    "Section",
    "Sl651Stream",
    "acknowledgement",
    "is_stored",
    "readings_of",
    "report_from",
    "resend_request",
    "value_of",
]
