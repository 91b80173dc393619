"""A message of MQTT, whoever published it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """One PUBLISH.

    Attributes:
        topic: Where it was published.
        payload: Its octets.
    """

    topic: str
    payload: bytes
