"""Commands over MQTT: our own format, and ThingsBoard's rpc."""

from collections.abc import Mapping

import msgspec

from ingest.commands.carrier import Said, Way
from ingest.mqtt.link import LinkLostError
from ingest.mqtt.mouth import Mouth
from ingest.protocols.gezhi_command import Down, encode_down
from ingest.protocols.thingsboard import RPC_TOPIC, encode_rpc
from vocabulary.command import Command, Native, what_of
from vocabulary.device import Device, Gateway

WILDCARDS = frozenset("+#\0")
"""What a topic to publish on cannot have."""

TAKEN = "config"
"""`down/config` tells a gateway itself; no device may have that address."""


class GezhiCarrier:
    """Speaks our own format; devices drop what comes again, by its id."""

    may_repeat = True

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    async def say(self, command: Command, device: Device, gateway: Gateway) -> Said:
        """Publish a command where the device's gateway listens."""
        if WILDCARDS & set(device.address) or device.address == TAKEN:
            detail = f"address {device.address!r} cannot be part of a topic"
            return Said(way=Way.REFUSED, detail=detail)
        down = Down(id=command.id, order=command.order, expires_at=command.expires_at)
        topic = f"gezhi/v1/{gateway.code}/down/{device.address}"
        return await _published(self._mouth, topic, encode_down(down))


class ThingsBoardCarrier:
    """Asks by rpc; a device has no way to know that it is asked again."""

    may_repeat = False

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    async def say(self, command: Command, device: Device, gateway: Gateway) -> Said:
        """Publish a command as an rpc, under its number."""
        method, params = _question(command)
        payload = encode_rpc(
            device=device.address,
            number=command.number,
            method=method,
            params=params,
        )
        root = "" if gateway.native_topics else f"gezhi/v1/{gateway.code}/down/"
        return await _published(self._mouth, root + RPC_TOPIC, payload)


def _question(command: Command) -> tuple[str, Mapping[str, object]]:
    """Return an order as method and parameters; a native one brings its own."""
    order = command.order
    if isinstance(order, Native):
        params = order.body.get("params", {})
        method = str(order.body.get("method", "native"))
        return method, params if isinstance(params, dict) else {}
    words = msgspec.to_builtins(order)
    return what_of(order), {name: words[name] for name in words if name != "what"}


async def _published(mouth: Mouth, topic: str, payload: bytes) -> Said:
    if not mouth.is_open:
        return Said(way=Way.AWAY, detail="there is no link to the broker")
    try:
        await mouth.publish(topic, payload)
    except LinkLostError as error:
        return Said(way=Way.UNSURE, detail=str(error))
    return Said(way=Way.SENT, detail=f"the broker has it for {topic}")
