"""Whether a host is there: Sparkplug's STATE (3.0.0, clause 6.4.28 and chapter 5).

    spBv1.0/STATE/{host}    {"online": true, "timestamp": 1795248000000}

Retained, at QoS 1. The host's will says `false` with the time that its `true` has, in
milliseconds. Edge nodes that wait for a primary host say nothing while it is offline,
and are born again once it is online.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ingest.protocols.json_document import read_json
from ingest.protocols.sparkplug.topic import NAMESPACE
from vocabulary.times import EPOCH

_MS = timedelta(milliseconds=1)


class _State(msgspec.Struct, kw_only=True):
    online: bool
    timestamp: int


_STATE = msgspec.json.Decoder(_State)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What a STATE says.

    Attributes:
        is_online: Whether the host is there.
        timestamp_ms: Since when, milliseconds since 1970 UTC.
    """

    is_online: bool
    timestamp_ms: int


def state_topic(host: str) -> str:
    """Return where a host says whether it is there."""
    return f"{NAMESPACE}/STATE/{host}"


def state_at(at: datetime, *, is_online: bool) -> HostState:
    """Return that a host is there, or not, since an aware time."""
    return HostState(is_online=is_online, timestamp_ms=(at - EPOCH) // _MS)


def encode_state(state: HostState) -> bytes:
    """Return the payload that says a state."""
    said = _State(online=state.is_online, timestamp=state.timestamp_ms)
    return msgspec.json.encode(said)


def decode_state(payload: bytes) -> HostState:
    """Return what a payload says.

    Raises:
        ProtocolError: If it is no JSON, or says no state.
    """
    said = read_json(_STATE, payload)
    return HostState(is_online=said.online, timestamp_ms=said.timestamp)
