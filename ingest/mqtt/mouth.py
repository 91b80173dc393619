"""Speaking on the MQTT edge's link from elsewhere, while there is one."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.mqtt.link import LinkLostError, MqttLink


class Mouth:
    """Publishes on whichever link to the broker is up."""

    def __init__(self) -> None:
        self._link: MqttLink | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a link."""
        return self._link is not None

    @contextmanager
    def on(self, link: MqttLink) -> Iterator[None]:
        """Speak on this link as long as it is up."""
        self._link = link
        try:
            yield
        finally:
            self._link = None

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1; returns when the broker has it.

        Raises:
            LinkLostError: If there is no link or it is lost; in the latter case the
                message may have arrived.
        """
        if self._link is None:
            raise LinkLostError("there is no link to the broker")
        await self._link.publish(topic, payload)
