"""Commands over Modbus: written, and at once read back by the task that polls."""

from collections.abc import Mapping

from ingest.commands.carrier import Said, Way
from ingest.modbus.orders import Effect, Outcome
from ingest.modbus.pollers import Pollers
from ingest.protocols.register_programme import Switching
from ingest.protocols.register_write import Wish
from vocabulary.command import AnyOrder, Command, Dim, Programme, Switch
from vocabulary.device import Device, DeviceKind, Gateway

FULL_PCT = 100.0
"""How bright a lamp is that is just switched on."""

_WAYS: Mapping[Effect, tuple[Way, bool | None]] = {
    Effect.SEEN: (Way.ACKED, True),
    Effect.NOT_SEEN: (Way.ACKED, False),
    Effect.REFUSED: (Way.REFUSED, None),
    Effect.NO_ANSWER: (Way.SENT, None),
    Effect.NOT_TRIED: (Way.AWAY, None),
    Effect.IMPOSSIBLE: (Way.REFUSED, None),
}


class ModbusCarrier:
    """Writes registers; to write them twice is to write them once."""

    may_repeat = True

    def __init__(self, pollers: Pollers) -> None:
        self._pollers = pollers

    async def say(self, command: Command, device: Device, gateway: Gateway) -> Said:
        """Write what a command asks for, and look whether it shows."""
        wish = wish_of(command.order, device.kind)
        if wish is None:
            return Said(way=Way.REFUSED, detail="its registers have no such thing")
        outcome = await self._pollers.carry_out(device, wish)
        way, is_in_effect = _WAYS[outcome.effect]
        return Said(
            way=way,
            detail=f"{gateway.code}: {_words(outcome)}",
            is_in_effect=is_in_effect,
        )


def wish_of(order: AnyOrder, kind: DeviceKind) -> Wish | None:
    """Return what is to be written; None if there is nothing to write it to."""
    match order:
        case Switch() if kind is DeviceKind.CABINET:
            return Wish(values={"contactor_on": float(order.on)})
        case Switch():
            return Wish(values={"dimming_pct": FULL_PCT * order.on})
        case Dim():
            return Wish(values={"dimming_pct": order.pct})
        case Programme():
            return Wish(
                programme=tuple(
                    Switching(minute=step.minute, level_pct=step.pct, days=step.days)
                    for step in order.steps
                )
            )
        case _:
            return None


def _words(outcome: Outcome) -> str:
    values = ", ".join(f"{name} {value:g}" for name, value in outcome.values.items())
    return "; ".join(word for word in (outcome.detail, values) if word)
