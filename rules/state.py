"""The engine's whole memory, as columns; it can be written down and read back.

One slot is one rule on one device. Which slot, device, link or series stands at which
place is the plan's matter: a state is nothing without the plan it was folded under.
"""

import zlib
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

NEVER = -(1 << 62)
"""A time that nothing was yet seen at; differences to it still fit an int64."""

FORMAT = 1
"""Of the written form."""


class StateFormatError(ValueError):
    """A written state is not of this release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the engine remembers after one journal entry.

    Attributes:
        seq: The entry.
        at_us: Its time; NEVER before the first.
        state: `hold.State` of every grade, int8, shape (slots, grades).
        held_us: How much of the running delay has passed, shape (slots, grades).
        last_us: The newest judged sample's own time, shape (slots,).
        watch_us: The newest side reading's own time, shape (watches,).
        watch_value: That reading, shape (watches,).
        is_up: Whether each link can be heard through, shape (links,); the first is the
            platform.
        was_said: Whether any EDGE entry was about the link, shape (links,).
        audible_us: For how long each link could be heard, in all, shape (links,).
        heard_us: `audible_us` of each device's link, and of the platform, when it was
            last heard, shape (devices, 2); NEVER before the first time.
    """

    seq: int
    at_us: int
    state: NDArray[np.int8]
    held_us: NDArray[np.int64]
    last_us: NDArray[np.int64]
    watch_us: NDArray[np.int64]
    watch_value: NDArray[np.float64]
    is_up: NDArray[np.bool_]
    was_said: NDArray[np.bool_]
    audible_us: NDArray[np.int64]
    heard_us: NDArray[np.int64]

    @classmethod
    def fresh(
        cls, *, slots: int, grades: int, watches: int, links: int, devices: int
    ) -> Self:
        """Return the memory of an engine that has seen nothing."""
        return cls(
            seq=0,
            at_us=NEVER,
            state=np.zeros((slots, grades), np.int8),
            held_us=np.zeros((slots, grades), np.int64),
            last_us=np.full(slots, NEVER, np.int64),
            watch_us=np.full(watches, NEVER, np.int64),
            watch_value=np.zeros(watches),
            is_up=np.ones(links, np.bool_),
            was_said=np.zeros(links, np.bool_),
            audible_us=np.zeros(links, np.int64),
            heard_us=np.full((devices, 2), NEVER, np.int64),
        )

    def copy(self) -> Self:
        """Return the same memory in columns of its own."""
        return replace(self, **{name: getattr(self, name).copy() for name in COLUMNS})

    def at(self, seq: int, at_us: int) -> Self:
        """Return the same columns as of another entry."""
        return replace(self, seq=seq, at_us=at_us)


COLUMNS = tuple(f.name for f in fields(State) if f.name not in ("seq", "at_us"))
"""Names of the columns."""


class _Column(msgspec.Struct, array_like=True):
    shape: tuple[int, ...]
    octets: bytes


class _Written(msgspec.Struct, array_like=True):
    format: int
    seq: int
    at_us: int
    columns: dict[str, _Column]


def written(state: State) -> bytes:
    """Return a state as octets; the columns lie little-endian."""
    columns = {}
    for name in COLUMNS:
        column = getattr(state, name)
        little = column.astype(column.dtype.newbyteorder("<"), copy=False)
        columns[name] = _Column(column.shape, little.tobytes())
    record = _Written(FORMAT, state.seq, state.at_us, columns)
    return zlib.compress(msgspec.msgpack.encode(record), level=1)


def read_back(octets: bytes) -> State:
    """Return the state that `written` gave.

    Raises:
        StateFormatError: If this release cannot read it.
    """
    try:
        record = msgspec.msgpack.decode(zlib.decompress(octets), type=_Written)
    except (zlib.error, msgspec.DecodeError) as error:
        raise StateFormatError(f"not a state: {error}") from error
    if record.format != FORMAT or set(record.columns) != set(COLUMNS):
        raise StateFormatError(f"a state of format {record.format}, not {FORMAT}")
    columns = record.columns
    return State(
        seq=record.seq,
        at_us=record.at_us,
        state=_array(columns["state"], np.int8),
        held_us=_array(columns["held_us"], np.int64),
        last_us=_array(columns["last_us"], np.int64),
        watch_us=_array(columns["watch_us"], np.int64),
        watch_value=_array(columns["watch_value"], np.float64),
        is_up=_array(columns["is_up"], np.bool_),
        was_said=_array(columns["was_said"], np.bool_),
        audible_us=_array(columns["audible_us"], np.int64),
        heard_us=_array(columns["heard_us"], np.int64),
    )


def _array(column: _Column, scalar: type[Scalar]) -> NDArray[Scalar]:
    little = np.frombuffer(column.octets, np.dtype(scalar).newbyteorder("<"))
    return little.astype(scalar).reshape(column.shape)
