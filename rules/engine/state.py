"""The engine's whole memory, as columns; it can be written down and read back.

One slot is one rule on one device. Which slot, device, link or series stands at which
place is the plan's matter: a state is nothing without the plan it was folded under.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.engine.columns import R, column_names, columns_of, copied, made_of
from rules.engine.held import Held, Pile, rows_of
from rules.engine.times import NEVER
from rules.measures import MEASURES
from rules.measures.measure import Columns, Memory
from rules.schedules.memory import ScheduleMemory
from vocabulary.position import Positions
from vocabulary.reading import Readings

FORMAT = 2
"""Of the written form."""


class StateFormatError(ValueError):
    """A written state is not of this release."""


GAPS = 16
"""Gaps between reports from which is learned what is usual."""

MOST_WORKERS = 8
"""Ingest workers whose words are told apart; of more, the least lately heard counts no
longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the engine remembers after one journal entry.

    Attributes:
        seq: The entry.
        at_us: Its time; NEVER before the first.
        state: `hold.State` of every grade, int8, shape (slots, grades).
        held_us: How much of the running delay has passed, shape (slots, grades).
        last_us: The newest judged sample's own time, shape (slots,).
        door_us: The oldest own time that a sample may still have to be taken in, for
            slots that must have theirs in order; NEVER for others, shape (slots,).
        watch_us: The newest side reading's own time, shape (watches,).
        watch_value: That reading, shape (watches,).
        is_up: Whether each link can be heard through, shape (links,); the first is the
            platform.
        was_said: Whether any EDGE entry was about the link, shape (links,).
        word: What each ingest worker said of each link, int8 as in
            `rules.engine.workers`, shape (links, MOST_WORKERS).
        worker: Which worker stands at which place, shape (MOST_WORKERS,).
        worker_us: When each was last heard, by the journal; NEVER for a free place.
        audible_us: For how long each link could be heard, in all, shape (links,).
        heard_us: `audible_us` of each device's link, and of the platform, when it was
            last heard, shape (devices, 2); NEVER before the first time.
        gap_us: The newest gaps between two reports of each device whose interval is
            learned, by the clock of its link, 0 before there were so many, shape
            (learners, GAPS).
        usual_us: What is usual among them; 0 while that is unknown, shape (learners,).
        memories: Of each of `MEASURES`.
        held: What waits in each lane.
        schedule: Of the slots that have one.
    """

    seq: int
    at_us: int
    state: NDArray[np.int8]
    held_us: NDArray[np.int64]
    last_us: NDArray[np.int64]
    door_us: NDArray[np.int64]
    watch_us: NDArray[np.int64]
    watch_value: NDArray[np.float64]
    is_up: NDArray[np.bool_]
    was_said: NDArray[np.bool_]
    word: NDArray[np.int8]
    worker: NDArray[np.int64]
    worker_us: NDArray[np.int64]
    audible_us: NDArray[np.int64]
    heard_us: NDArray[np.int64]
    gap_us: NDArray[np.int64]
    usual_us: NDArray[np.int64]
    memories: tuple[Memory, ...]
    held: tuple[Held, ...]
    schedule: ScheduleMemory

    @classmethod
    def fresh(
        cls,
        *,
        slots: int,
        grades: int,
        watches: int,
        links: int,
        devices: int,
        lanes: int,
        measures: Sequence[Columns],
        scheduled: int,
        learners: int,
    ) -> Self:
        """Return the memory of an engine that has seen nothing."""
        return cls(
            seq=0,
            at_us=NEVER,
            state=np.zeros((slots, grades), np.int8),
            held_us=np.zeros((slots, grades), np.int64),
            last_us=np.full(slots, NEVER, np.int64),
            door_us=np.full(slots, NEVER, np.int64),
            watch_us=np.full(watches, NEVER, np.int64),
            watch_value=np.zeros(watches),
            is_up=np.ones(links, np.bool_),
            was_said=np.zeros(links, np.bool_),
            word=np.full((links, MOST_WORKERS), -1, np.int8),
            worker=np.zeros(MOST_WORKERS, np.int64),
            worker_us=np.full(MOST_WORKERS, NEVER, np.int64),
            audible_us=np.zeros(links, np.int64),
            heard_us=np.full((devices, 2), NEVER, np.int64),
            gap_us=np.zeros((learners, GAPS), np.int64),
            usual_us=np.zeros(learners, np.int64),
            memories=tuple(
                measure.fresh(columns)
                for measure, columns in zip(MEASURES, measures, strict=True)
            ),
            held=(Held.nothing(),) * lanes,
            schedule=ScheduleMemory.fresh(scheduled),
        )

    def copy(self) -> Self:
        """Return the same memory in columns of its own."""
        own = {name: getattr(self, name).copy() for name in COLUMNS}
        memories = tuple(copied(memory) for memory in self.memories)
        return replace(self, **own, memories=memories, schedule=copied(self.schedule))

    def at(self, seq: int, at_us: int, held: tuple[Held, ...] | None = None) -> Self:
        """Return the same columns as of another entry."""
        kept = self.held if held is None else held
        return replace(self, seq=seq, at_us=at_us, held=kept)


COLUMNS = tuple(
    field.name
    for field in fields(State)
    if field.name not in ("seq", "at_us", "memories", "held", "schedule")
)
"""Names of the state's own columns."""


class _Column(msgspec.Struct, array_like=True):
    scalar: str
    shape: tuple[int, ...]
    octets: bytes


class _Written(msgspec.Struct, array_like=True):
    format: int
    seq: int
    at_us: int
    own: dict[str, _Column]
    memories: dict[str, dict[str, _Column]]
    held: list[list[dict[str, _Column]]]
    schedule: dict[str, _Column]


def written(state: State) -> bytes:
    """Return a state as octets; the columns lie little-endian."""
    record = _Written(
        FORMAT,
        state.seq,
        state.at_us,
        {name: _column(getattr(state, name)) for name in COLUMNS},
        {
            measure.word: _columns(columns_of(memory))
            for measure, memory in zip(MEASURES, state.memories, strict=True)
        },
        [[_columns(columns_of(rows)) for rows in rows_of(held)] for held in state.held],
        _columns(columns_of(state.schedule)),
    )
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
    if record.format != FORMAT:
        raise StateFormatError(f"a state of format {record.format}, not {FORMAT}")
    try:
        return made_of(
            State,
            {
                "seq": record.seq,
                "at_us": record.at_us,
                **{name: _array(record.own[name]) for name in COLUMNS},
                "memories": tuple(
                    _record(measure.memory, record.memories[measure.word])
                    for measure in MEASURES
                ),
                "held": tuple(map(_held, record.held)),
                "schedule": _record(ScheduleMemory, record.schedule),
            },
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StateFormatError(f"a state lacks {error}") from error


def _columns(columns: Mapping[str, NDArray[np.generic]]) -> dict[str, _Column]:
    return {name: _column(column) for name, column in columns.items()}


def _column(column: NDArray[np.generic]) -> _Column:
    little = column.astype(column.dtype.newbyteorder("<"), copy=False)
    return _Column(little.dtype.str, column.shape, little.tobytes())


def _array(column: _Column) -> NDArray[np.generic]:
    little = np.frombuffer(column.octets, np.dtype(column.scalar))
    return little.astype(little.dtype.newbyteorder("=")).reshape(column.shape)


def _held(columns: Sequence[Mapping[str, _Column]]) -> Held:
    ordered, recent, ordered_fixes, recent_fixes = columns
    return Held(
        Pile(_record(Readings, ordered), _record(Readings, recent)),
        Pile(_record(Positions, ordered_fixes), _record(Positions, recent_fixes)),
    )


def _record(of: type[R], columns: Mapping[str, _Column]) -> R:
    return made_of(of, {name: _array(columns[name]) for name in column_names(of)})
