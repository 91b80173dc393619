"""A message of MQTT, whoever published it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """One PUBLISH.

    Attributes:
        topic: Where it was published.
        payload: Its octets.
        retain: Whether the broker shall keep it for who comes later.
    """

    topic: str
    payload: bytes
    retain: bool = False
