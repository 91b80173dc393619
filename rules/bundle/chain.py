r"""A bundle's form: pieces of JSON, each hashed, each hash over the one before. Pure.

    link(0) = ""
    link(i) = SHA-256(link(i-1) + name(i) + "\n" + canonical JSON of piece(i))

Canonical: UTF-8, keys sorted, no blanks, numbers as short as they read back. Whoever
has the last link can tell that no octet was changed, left out or put in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

FORMAT = 2
"""Of what a bundle holds."""

PIECES = ("format", "alarm", "plan", "triage", "entries")
"""In the order of the chain."""


class BundleError(ValueError):
    """Not a bundle, or not of this release."""


class TamperedError(BundleError):
    """A bundle's pieces are not what its hashes were made of."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The hashes of a bundle.

    Attributes:
        links: One for each piece, hexadecimal.
    """

    links: Mapping[str, str]

    @property
    def total(self) -> str:
        """The last link: it stands for all."""
        return self.links[PIECES[-1]]


def canonical(piece: object) -> bytes:
    """Return the one text that a piece is written as."""
    return orjson.dumps(piece, option=orjson.OPT_SORT_KEYS)


def chain_of(pieces: Mapping[str, object]) -> Chain:
    """Return the hashes of pieces.

    Raises:
        BundleError: If one is missing or too many.
    """
    if set(pieces) != set(PIECES):
        raise BundleError(
            f"a bundle of format {FORMAT} has the pieces {', '.join(PIECES)}"
        )
    links: dict[str, str] = {}
    before = ""
    for name in PIECES:
        octets = f"{before}{name}\n".encode() + canonical(pieces[name])
        links[name] = before = hashlib.sha256(octets).hexdigest()
    return Chain(links)


def sealed(pieces: Mapping[str, object]) -> bytes:
    """Return a bundle's octets: the pieces and their hashes."""
    links = dict(chain_of(pieces).links)
    return canonical({"pieces": dict(pieces), "hashes": links})


def opened(octets: bytes) -> tuple[Mapping[str, object], Chain]:
    """Return a bundle's pieces, once they are seen to be whole.

    Raises:
        TamperedError: If a hash is not that of its piece.
        BundleError: If it is no bundle.
    """
    try:
        bundle = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        raise BundleError(f"not JSON: {error}") from error
    if not isinstance(bundle, dict) or set(bundle) != {"pieces", "hashes"}:
        raise BundleError("a bundle is an object of pieces and hashes")
    pieces, hashes = bundle["pieces"], bundle["hashes"]
    if not isinstance(pieces, dict) or not isinstance(hashes, dict):
        raise BundleError("pieces and hashes are objects")
    chain = chain_of(pieces)
    for name in PIECES:
        if hashes.get(name) != chain.links[name]:
            raise TamperedError(f"{name} is not what its hash was made of")
    if pieces["format"] != FORMAT:
        raise BundleError(f"format {pieces['format']}; this release reads {FORMAT}")
    return pieces, chain
