"""Which device a terminal is, and whether it can prove it.

A terminal names itself by its phone number, which is the device's address below a
gateway of transport jt808; leading zeros do not count, for the editions of the standard
pad it to different lengths.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

import asyncpg

from devices.registry.snapshot import Snapshot
from store.registry.terminals import (
    Hardware,
    create_terminal_token,
    drop_terminal_token,
    is_terminal_token,
)
from vocabulary.device import Device, Transport
from vocabulary.times import Clock

log = logging.getLogger(__name__)

QUESTIONS_AT_ONCE = 2
"""Most questions to the database at once; the others wait their turn."""


def phone_key(terminal: str) -> str:
    """Return a phone number without what pads it."""
    return terminal.lower().lstrip("0") or "0"


def terminals_of(snapshot: Snapshot) -> Mapping[str, Device]:
    """Return the devices behind gateways of this transport, by phone number.

    Of two with one number, which only padding keeps apart, the older has it.
    """
    gateways = {
        code
        for code, gateway in snapshot.gateways.items()
        if gateway.transport is Transport.JT808
    }
    devices = sorted(snapshot.devices.values(), key=lambda device: -device.id)
    return {
        phone_key(device.address): device
        for device in devices
        if device.gateway in gateways
    }


class Tokens(Protocol):
    """Where the tokens of terminals are kept; of each only a digest."""

    async def give(self, device: Device, hardware: Hardware) -> str:
        """Make a token for a terminal; the one it had ends."""

    async def is_its(self, device: Device, token: str) -> bool:
        """Return whether a token is the terminal's own."""

    async def end(self, device: Device) -> None:
        """Let a terminal's token be worth nothing from now on."""


class DatabaseTokens:
    """Tokens in the database; every call raises what it raises when away.

    Args:
        pool: The database.
        clock: Tells when a token was made.
    """

    def __init__(self, pool: asyncpg.Pool, *, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._asking = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def give(self, device: Device, hardware: Hardware) -> str:
        """Make a token for a terminal; the one it had ends."""
        async with self._asking, self._pool.acquire() as connection:
            return await create_terminal_token(
                connection, device.id, hardware, at=self._clock()
            )

    async def is_its(self, device: Device, token: str) -> bool:
        """Return whether a token is the terminal's own."""
        async with self._asking, self._pool.acquire() as connection:
            return await is_terminal_token(connection, device.id, token)

    async def end(self, device: Device) -> None:
        """Let a terminal's token be worth nothing from now on."""
        async with self._asking, self._pool.acquire() as connection:
            await drop_terminal_token(connection, device.id)


class Identities:
    """The registry and the tokens, as terminals are asked about them.

    Attributes:
        tokens: What terminals prove themselves by.
    """

    def __init__(self, tokens: Tokens, registry: Callable[[], Snapshot]) -> None:
        """Know nothing yet.

        Args:
            tokens: What terminals prove themselves by.
            registry: Returns the registry as it is now.
        """
        self.tokens = tokens
        self._registry = registry
        self._snapshot: Snapshot | None = None
        self._terminals: Mapping[str, Device] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The registry as it is now."""
        return self._registry()

    def device(self, terminal: str) -> Device | None:
        """Return the device that a terminal is, if it is registered."""
        snapshot = self._registry()
        if snapshot is not self._snapshot:
            self._snapshot, self._terminals = snapshot, terminals_of(snapshot)
        return self._terminals.get(phone_key(terminal))
