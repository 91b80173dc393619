"""Chance that can be played again: every draw is a hash of what it is for.

There is no generator that moves on: the same seed, name, purpose and time give the same
number on every machine, in any order, after any restart.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b

_TWO_64 = 2.0**64


@dataclass(frozen=True, slots=True)
class Noise:
    """All the chance of one simulated town.

    Attributes:
        seed: Another seed is another town.
    """

    seed: int

    def uniform(self, name: str, purpose: str, slot: int = 0) -> float:
        """Return a number in [0, 1)."""
        key = f"{self.seed}/{name}/{purpose}/{slot}".encode()
        return int.from_bytes(blake2b(key, digest_size=8).digest()) / _TWO_64

    def between(
        self, name: str, purpose: str, *, low: float, high: float, slot: int = 0
    ) -> float:
        """Return a number in [`low`, `high`)."""
        return low + (high - low) * self.uniform(name, purpose, slot)

    def choice(self, name: str, purpose: str, *, count: int, slot: int = 0) -> int:
        """Return an index in 0..`count` - 1."""
        return min(int(self.uniform(name, purpose, slot) * count), count - 1)

    def drift(self, name: str, purpose: str, *, at_s: float, step_s: float) -> float:
        """Return a number in [-1, 1] that wanders smoothly, turning every `step_s`.

        Value noise: a draw at each multiple of `step_s`, a cosine between two of them.
        """
        place = at_s / step_s
        slot = math.floor(place)
        blend = (1 - math.cos(math.pi * (place - slot))) / 2
        first = self.uniform(name, purpose, slot)
        second = self.uniform(name, purpose, slot + 1)
        return 2 * (first + (second - first) * blend) - 1
