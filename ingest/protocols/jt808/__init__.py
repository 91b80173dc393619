"""JT/T 808: vehicle terminals, editions of 2011, 2013 and 2019.

A terminal calls, registers with its phone number, is given a token, proves itself with
it each time it calls again, and reports where it is; every message is answered. The
header tells the edition of 2019 from the others; that of 2011 differs from 2013 in the
registration, which tells it by its length.

This is the package's front; the parts:

- `frame`: octets to messages: flags, escapes, check code, bounded.
- `header`: whose message, which, how long, in how many sub-packages.
- `parts`, `resend`: sub-packages put together, bounded; asking for missing ones.
- `stream`: all of it together, for one connection.
- `message`: the table of messages, and both ways for each.
- `octets`, `beijing_time`, `status`: numbers and texts, times, words of bits.
- `location`, `items`: where a terminal is; the table of what else it may say there.
- `reports`: batches of locations, and answers to a query.
- `login`, `replies`: registration, authentication, general replies.
- `parameters`, `text_message`: what the platform sets, asks and says.
- `areas`, `area_octets`, `route`, `fences`: what a terminal watches by itself, and our
  geofences as such.
"""

from ingest.protocols.jt808.frame import MAX_BODY
from ingest.protocols.jt808.header import SERIALS, Edition, Header
from ingest.protocols.jt808.location import Location, location_of, position_of
from ingest.protocols.jt808.login import (
    Authentication,
    Registered,
    Registration,
    RegistrationReply,
)
from ingest.protocols.jt808.message import (
    MESSAGES,
    Body,
    Message,
    MessageError,
    Unknown,
    decode,
    encode,
)
from ingest.protocols.jt808.octets import FieldError
from ingest.protocols.jt808.parameters import (
    ParameterAnswer,
    QueryParameters,
    SetParameters,
)
from ingest.protocols.jt808.parts import Unfinished
from ingest.protocols.jt808.replies import (
    Deregistration,
    Heartbeat,
    PlatformReply,
    Result,
    TerminalReply,
)
from ingest.protocols.jt808.reports import (
    BadReport,
    BatchKind,
    LocationBatch,
    PositionAnswer,
    PositionQuery,
    batch_of,
    positions_of,
)
from ingest.protocols.jt808.resend import ResendRequest
from ingest.protocols.jt808.stream import Jt808Stream
from ingest.protocols.jt808.text_message import TextFlag, TextMessage

__all__ = [
    "MAX_BODY",
    "MESSAGES",
    "SERIALS",
    "Authentication",
    "BadReport",
    "BatchKind",
    "Body",
    "Deregistration",
    "Edition",
    "FieldError",
    "Header",
    "Heartbeat",
    "Jt808Stream",
    "Location",
    "LocationBatch",
    "Message",
    "MessageError",
    "ParameterAnswer",
    "PlatformReply",
    "PositionAnswer",
    "PositionQuery",
    "QueryParameters",
    "Registered",
    "Registration",
    "RegistrationReply",
    "ResendRequest",
    "Result",
    "SetParameters",
    "TerminalReply",
    "TextFlag",
    "TextMessage",
    "Unfinished",
    "Unknown",
    "batch_of",
    "decode",
    "encode",
    "location_of",
    "position_of",
    "positions_of",
]
