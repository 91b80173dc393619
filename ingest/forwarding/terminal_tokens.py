"""The tokens of a gateway's vehicle terminals, on its own disk, written through.

A token outlives a restart, and a new plan that names the terminal again. Only a digest
of it is kept, by the terminal's address upstream.
"""

import asyncio
import hmac
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from store.registry.terminals import Hardware, digest_of, new_token
from vocabulary.device import Device

_SCHEMA = """
CREATE TABLE IF NOT EXISTS terminal_token (code TEXT PRIMARY KEY, digest BLOB NOT NULL)
"""
_KEEP = "INSERT OR REPLACE INTO terminal_token (code, digest) VALUES (?, ?)"
_BUSY_S = 5.0

Answer = TypeVar("Answer")


class TokenFile:
    """Tokens in a file.

    Args:
        path: The file; made if absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def give(self, device: Device, hardware: Hardware) -> str:
        """Make a token for a terminal; the one it had ends."""
        del hardware  # the gateway has no use for it, and upstream is not asked
        token = new_token()
        kept = (device.code, digest_of(token))
        await self._asked(lambda file: file.execute(_KEEP, kept))
        return token

    async def is_its(self, device: Device, token: str) -> bool:
        """Return whether a token is the terminal's own."""
        query = "SELECT digest FROM terminal_token WHERE code = ?"
        row = await self._asked(
            lambda file: file.execute(query, (device.code,)).fetchone()
        )
        return row is not None and hmac.compare_digest(row[0], digest_of(token))

    async def end(self, device: Device) -> None:
        """Let a terminal's token be worth nothing from now on."""
        query = "DELETE FROM terminal_token WHERE code = ?"
        await self._asked(lambda file: file.execute(query, (device.code,)))

    async def _asked(self, ask: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Ask in a thread, so that no line waits for the disk of another.

        Raises:
            OSError: If the file cannot be read or written.
        """
        try:
            return await asyncio.to_thread(self._in_file, ask)
        except sqlite3.OperationalError as error:  # full, read-only, busy
            raise OSError(f"{self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            # It is damaged: with a new one, terminals register again.
            self._path.replace(self._path.with_suffix(".damaged"))
            raise OSError(f"{self._path}: {error}; it is set aside") from error

    def _in_file(self, ask: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as file:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            file.execute(_SCHEMA)
            with file:  # commits
                return ask(file)
