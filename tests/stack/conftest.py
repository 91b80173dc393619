"""A plain MQTT client at hand."""

from collections.abc import Callable
from urllib.parse import urlsplit

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

Connect = Callable[..., aiomqtt.Client]


@pytest.fixture
def connect() -> Connect:
    """Makes a client from a broker's address, with a persistent session if named."""
    return _client


def _client(
    url: str, *, session: str = "", port: int | None = None, waits_s: float = 60
) -> aiomqtt.Client:
    parts = urlsplit(url)
    # paho annotates all of Properties but its constructor.
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600 if session else 0
    return aiomqtt.Client(
        parts.hostname or "",
        port or parts.port or 1883,
        username=parts.username,
        password=parts.password,
        identifier=session or None,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=not session,
        properties=properties,
        timeout=waits_s,
    )
