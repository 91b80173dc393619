"""Which MQTT topic is whose: ours, and those of other people's formats. Pure.

    gezhi/v1/{gateway}/up            what the gateway says, in its format
    gezhi/v1/{gateway}/status        whether it is connected
    gezhi/v1/{gateway}/native/TOPIC  what it says on TOPIC of its format
    gezhi/v1/{gateway}/nmea/{device} NMEA 0183 sentences of a device behind it
    gezhi/v1/{gateway}/answer        what came of a command
    gezhi/v1/{gateway}/down/...      what is said to it: .../down/{device} a command

    a gateway with native topics says it on TOPIC itself:

    application/{id}/device/{eui}/event/{kind}   ChirpStack; before 3.11 .../{kind}
    v3/{app}@{tenant}/devices/{id}/...           The Things Stack
    v1/gateway/{kind}                            ThingsBoard
    spBv1.0/{group}/{kind}/{node}[/{device}]     Sparkplug: node is the gateway's code

    spBv1.0/STATE/gezhi      whether we are there, for Sparkplug's nodes; of our own

Only Sparkplug's topics name who speaks; of the others one gateway may have each. Who
may write where is the broker's to enforce, by the same table: see
`gezhi.gateway_accounts`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devices.registry.snapshot import Snapshot
from ingest.protocols import sparkplug, thingsboard
from vocabulary.device import Format, Gateway, Transport

UP_FILTER = "gezhi/v1/+/up"
"""What gateways say."""

STATUS_FILTER = "gezhi/v1/+/status"
"""Whether they are connected."""

ANSWER_FILTER = "gezhi/v1/+/answer"
"""What came of commands."""

NMEA_FILTER = "gezhi/v1/+/nmea/+"
"""Sentences of devices behind gateways of any format."""

HOST = "gezhi"
"""What we are called as a host of Sparkplug, all workers together."""

STATE_TOPIC = sparkplug.state_topic(HOST)
"""Where we say whether we are there."""

CODE = re.compile(r"[^/+#\s]+")
"""A gateway's code that can be a level of a topic."""

NATIVE: Mapping[Format, tuple[str, ...]] = {
    Format.CHIRPSTACK4: ("application/+/device/+/event/+",),
    Format.CHIRPSTACK3: (
        "application/+/device/+/event/+",
        *(f"application/+/device/+/{kind}" for kind in ("rx", "status", "join")),
    ),
    Format.TTN3: ("v3/+/devices/+/#",),
    Format.THINGSBOARD: ("v1/gateway/+",),
}
"""Where the formats' gateways write, Sparkplug's apart."""

_ROOT = ("gezhi", "v1")
_OURS = frozenset({"up", "status", "answer"})
_UP_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says of who speaks.

    Attributes:
        gateway: The gateway's code; empty if it cannot be told.
        kind: `up`, `status`, `answer`, `native`, `nmea`, or `state` of our own; empty
            where nobody may speak.
        native: The topic of the gateway's format, where it is `native`.
        device: Whose sentences, where it is `nmea`.
        is_below_ours: Whether it came below our own root.
    """

    gateway: str = ""
    kind: str = ""
    native: str = ""
    is_below_ours: bool = True
    device: str = ""


NOWHERE = Address()
"""Of a topic that is nobody's."""


class Topics:
    """The registry's gateways, by the topics they speak on.

    Args:
        snapshot: The registry.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._gateways = snapshot.gateways
        self._native = {
            filter_.partition("/")[0]: gateway.code
            for gateway in snapshot.gateways.values()
            if gateway.native_topics
            for filter_ in NATIVE.get(gateway.format, ())
        }

    def address(self, topic: str) -> Address:
        """Return who speaks on a topic, and of what."""
        levels = topic.split("/", _UP_LEVELS)
        if tuple(levels[:2]) == _ROOT:
            if len(levels) == _UP_LEVELS and levels[3] in _OURS:
                return Address(levels[2], levels[3])
            if len(levels) > _UP_LEVELS and levels[3] == "native":
                return Address(levels[2], "native", levels[4])
            if len(levels) > _UP_LEVELS and levels[3] == "nmea":
                device = levels[4]
                is_one = device and "/" not in device
                return Address(levels[2], "nmea", device=device) if is_one else NOWHERE
            return NOWHERE
        if topic == STATE_TOPIC:
            return Address(kind="state", is_below_ours=False)
        code = self._native.get(levels[0], "")
        if levels[0] == sparkplug.NAMESPACE:
            said = sparkplug.Topic.parse(topic)
            code = said.node if said and self._is_node(said.node) else ""
        return Address(code, "native", topic, is_below_ours=False) if code else NOWHERE

    def _is_node(self, code: str) -> bool:
        gateway = self._gateways.get(code)
        return bool(
            gateway and gateway.native_topics and gateway.format is Format.SPARKPLUG
        )


def has_nodes(snapshot: Snapshot) -> bool:
    """Return whether there are nodes of Sparkplug that could wait for us."""
    return any(
        gateway.native_topics and gateway.format is Format.SPARKPLUG
        for gateway in snapshot.gateways.values()
    )


def foreign_filters(snapshot: Snapshot) -> dict[str, bool]:
    """Return where gateways of other formats speak, and whether workers may share it.

    A node of Sparkplug must be followed from birth to death by each worker, so its
    topics are shared by none.
    """
    filters: dict[str, bool] = {}
    for gateway in snapshot.gateways.values():
        if gateway.transport is not Transport.MQTT or gateway.format is Format.GEZHI:
            continue
        if not CODE.fullmatch(gateway.code):
            continue
        may_share = gateway.format is not Format.SPARKPLUG
        filters[f"gezhi/v1/{gateway.code}/native/#"] = may_share
        filters |= dict.fromkeys(writes(gateway), may_share)
    return filters


def writes(gateway: Gateway) -> Sequence[str]:
    """Return filters of the native topics that a gateway may write."""
    if not gateway.native_topics:
        return ()
    if gateway.format is not Format.SPARKPLUG:
        return NATIVE.get(gateway.format, ())
    root = f"{sparkplug.NAMESPACE}/+"
    return [
        f"{root}/{kind}/{gateway.code}" + ("/+" if kind.startswith("D") else "")
        for kind in sorted(sparkplug.UP)
    ]


def reads(gateway: Gateway) -> Sequence[str]:
    """Return filters of the native topics that a gateway may read."""
    if not gateway.native_topics:
        return ()
    if gateway.format is Format.THINGSBOARD:
        return [thingsboard.RPC_TOPIC]
    if gateway.format is not Format.SPARKPLUG:
        return ()
    root = f"{sparkplug.NAMESPACE}/+"
    commands = [f"{root}/NCMD/{gateway.code}", f"{root}/DCMD/{gateway.code}/+"]
    return [*commands, STATE_TOPIC]
