"""HJ 212-2017 (污染源在线自动监控系统数据传输标准): outfalls and their analysers.

This is the package's front; the parts:

- `frame`: octets to segments, bounded; the check code.
- `package`: a segment's fields and data, both ways.
- `stream`: all of it together, for one connection.
- `clock`: times.
- `codes`: which codes are our quantities; data flags.
- `readings`: a package as readings.
- `answer`: 9011, 9012, 9013, 9014.
"""

from ingest.protocols.hj212.answer import answer_to, request_answer, result
from ingest.protocols.hj212.clock import qn_text, time_text
from ingest.protocols.hj212.package import (
    ANSWER,
    VERSION,
    Command,
    Item,
    Package,
    decode_segment,
    encode_segment,
)
from ingest.protocols.hj212.readings import TELLINGS, readings_of
from ingest.protocols.hj212.stream import Hj212Stream, encode_package

__all__ = [
    "ANSWER",
    "TELLINGS",
    "VERSION",
    "Command",
    "Hj212Stream",
    "Item",
    "Package",
    "answer_to",
    "decode_segment",
    "encode_package",
    "encode_segment",
    "qn_text",
    "readings_of",
    "request_answer",
    "result",
    "time_text",
]
