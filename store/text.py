"""Texts from outside as PostgreSQL can keep them."""

import re

_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def storable(text: str) -> str:
    """Return a text as type `text` can hold it: no NUL, no lone surrogate."""
    return (
        text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        .encode(errors="replace")
        .decode()
    )


def storable_json(text: str) -> str:
    """Return a JSON text as type `jsonb` can hold it: no escaped NUL in its strings."""
    return _ESCAPED_NUL.sub(r"\1\\ufffd", text)
