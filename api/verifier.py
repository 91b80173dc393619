"""Which tokens were checked already, so that argon2 runs once per token and process."""

import asyncio
import hashlib
from collections import OrderedDict

from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from store.access import HASHER, StoredToken, TokenText

REMEMBERED = 1_000
"""Tokens remembered as right; the least used is forgotten first."""

AT_ONCE = 2
"""Checks that run at a time: each takes 19 MiB and some milliseconds of a core."""


class Verifier:
    """Checks secrets against their hashes, each right pair once.

    Only digests are remembered. Whether a token was revoked is asked of the database
    each time, so a revoked one stops at once.
    """

    def __init__(self) -> None:
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def is_right(self, sent: TokenText, stored: StoredToken) -> bool:
        """Tell whether a token's secret is the one that was given out."""
        mark = hashlib.sha256(f"{sent.secret} {stored.hash}".encode()).digest()
        if mark in self._right:
            self._right.move_to_end(mark)
            return True
        async with self._turn:
            right = await asyncio.to_thread(_matches, stored.hash, sent.secret)
        if right:
            self._remember(mark)
        return right

    def _remember(self, mark: bytes) -> None:
        self._right[mark] = None
        if len(self._right) > REMEMBERED:
            self._right.popitem(last=False)


def _matches(hashed: str, secret: str) -> bool:
    try:
        return HASHER.verify(hashed, secret)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
