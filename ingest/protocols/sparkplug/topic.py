"""Sparkplug topics: `spBv1.0/{group}/{kind}/{node}[/{device}]` (3.0.0, clause 4.1)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

NAMESPACE = "spBv1.0"
"""The first level."""


class Kind(StrEnum):
    """What a message is; its third level."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"
    NCMD = "NCMD"
    DCMD = "DCMD"


UP = frozenset(Kind) - {Kind.NCMD, Kind.DCMD}
"""What nodes say; the others are said to them."""

_OF_DEVICES = frozenset({Kind.DBIRTH, Kind.DDEATH, Kind.DDATA, Kind.DCMD})
_NODE_LEVELS, _DEVICE_LEVELS = 4, 5


@dataclass(frozen=True, slots=True)
class Topic:
    """Who says what.

    Attributes:
        group: The group of nodes.
        kind: What is said.
        node: The edge node.
        device: The device behind it; empty for the node itself.
    """

    group: str
    kind: Kind
    node: str
    device: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what a topic says, or None if it is none of Sparkplug's."""
        levels = text.split("/")
        if levels[0] != NAMESPACE or len(levels) not in {_NODE_LEVELS, _DEVICE_LEVELS}:
            return None
        if levels[2] not in {kind.value for kind in Kind} or not all(levels):
            return None
        kind = Kind(levels[2])
        if (len(levels) == _DEVICE_LEVELS) != (kind in _OF_DEVICES):
            return None
        return cls(levels[1], kind, levels[3], "".join(levels[4:]))

    def __str__(self) -> str:
        levels = [NAMESPACE, self.group, self.kind, self.node]
        return "/".join([*levels, self.device] if self.device else levels)
