"""How long a fault lasts and how often it comes: short in `make test`, long in soak."""

import os
from typing import TypeVar

IS_SOAK = os.environ.get("GEZHI_SOAK", "") == "1"
"""Whether these are the long forms, as `make soak` wants them."""

Size = TypeVar("Size", int, float)


def sized(short: Size, soak: Size) -> Size:
    """Return a size for this run."""
    return soak if IS_SOAK else short
