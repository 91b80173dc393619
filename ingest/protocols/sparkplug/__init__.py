"""Sparkplug B 3.0: MQTT topics, Protocol Buffers payloads, and sessions of edge nodes.

    spBv1.0/{group}/NBIRTH|NDATA|NDEATH/{node}
    spBv1.0/{group}/DBIRTH|DDATA|DDEATH/{node}/{device}

`payload` reads and writes octets, `topic` says who speaks, `session` follows a node
from birth to death and gives its readings. Data comes at QoS 0: what is lost before us
is lost, and a rebirth brings the newest values again. STATE is not spoken: nodes must
not be told to wait for a primary host.
"""

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
from ingest.protocols.sparkplug.topic import NAMESPACE, UP, Kind, Topic

__all__ = [
    "NAMESPACE",
    "REBIRTH",
    "UP",
    "DataType",
    "Heard",
    "Kind",
    "Metric",
    "NodeSession",
    "Payload",
    "Topic",
    "decode_payload",
    "encode_payload",
    "rebirth_command",
]
