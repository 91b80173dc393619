"""Sparkplug B 3.0: MQTT topics, Protocol Buffers payloads, and sessions of edge nodes.

    spBv1.0/{group}/NBIRTH|NDATA|NDEATH/{node}
    spBv1.0/{group}/DBIRTH|DDATA|DDEATH/{node}/{device}
    spBv1.0/{group}/NCMD/{node}  .../DCMD/{node}/{device}    what they are told
    spBv1.0/STATE/{host}                                     whether we are there

`payload` reads and writes octets, `topic` says who speaks, `session` follows a node
from birth to death and gives its readings, `command` says what to write, `state` that
we are there, for nodes that wait for a primary host. Data comes at QoS 0: what is lost
before us is lost, and a rebirth brings the newest values again.
"""

from ingest.protocols.sparkplug.command import CommandValueError, encode_command
from ingest.protocols.sparkplug.payload import (
    DataType,
    Metric,
    Payload,
    decode_payload,
    encode_payload,
)
from ingest.protocols.sparkplug.session import (
    REBIRTH,
    Heard,
    NodeSession,
    rebirth_command,
)
from ingest.protocols.sparkplug.state import (
    HostState,
    decode_state,
    encode_state,
    state_at,
    state_topic,
)
from ingest.protocols.sparkplug.topic import NAMESPACE, UP, Kind, Topic

__all__ = [
    "NAMESPACE",
    "REBIRTH",
    "UP",
    "CommandValueError",
    "DataType",
    "Heard",
    "HostState",
    "Kind",
    "Metric",
    "NodeSession",
    "Payload",
    "Topic",
    "decode_payload",
    "decode_state",
    "encode_command",
    "encode_payload",
    "encode_state",
    "rebirth_command",
    "state_at",
    "state_topic",
]
