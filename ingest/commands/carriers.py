"""Which carrier speaks to which gateway."""

from ingest.commands.carrier import Carrier
from ingest.commands.modbus_carrier import ModbusCarrier
from ingest.commands.mqtt_carriers import GezhiCarrier, ThingsBoardCarrier
from ingest.modbus.pollers import POLLED, Pollers
from ingest.mqtt.mouth import Mouth
from vocabulary.device import Format, Gateway, Transport


class Carriers:
    """The ways out of one ingest process; JT/T 808 has a queue of its own.

    Args:
        mouth: The link to the broker.
        pollers: The lines of Modbus.
    """

    def __init__(self, mouth: Mouth, pollers: Pollers) -> None:
        self._modbus = ModbusCarrier(pollers)
        self._mqtt: dict[Format, Carrier] = {
            Format.GEZHI: GezhiCarrier(mouth),
            Format.THINGSBOARD: ThingsBoardCarrier(mouth),
        }

    def to(self, gateway: Gateway) -> Carrier | None:
        """Return the carrier to a gateway; None if there is none."""
        if gateway.transport in POLLED:
            return self._modbus
        if gateway.transport is Transport.MQTT:
            return self._mqtt.get(gateway.format)
        return None
