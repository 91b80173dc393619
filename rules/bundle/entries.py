"""Journal entries as plain JSON, of some devices only, and back. Pure."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.engine.learned import CommandWord, Content, EdgeWord, Learned, Wanted
from rules.plan.fan import look_up
from vocabulary.command import State
from vocabulary.position import Positions
from vocabulary.reading import Readings

Rows = TypeVar("Rows", Readings, Positions)


class CommandJson(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an entry tells of a command, see `CommandWord`."""

    device_id: int
    number: int
    turn: str
    state: State
    quantity: str | None = None
    low: float = 0.0
    high: float = 0.0
    is_read: bool = False


class EntryJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry.

    Attributes:
        seq: Its number.
        at_us: Its time.
        readings: Columns by name; None if it holds none.
        positions: Columns by name; None if it holds none.
        edge: Edge, gateway and whether it is up; None if it tells of none.
        command: What it tells of a command; None if of none.
        worker: The ingest worker that says so; empty for none.
        steps_us: Entries that follow and tell of nothing either, each so long after
            the one before.
    """

    seq: int
    at_us: int
    readings: dict[str, list[float | int | None]] | None = None
    positions: dict[str, list[float | int | None]] | None = None
    edge: tuple[str, str, bool] | None = None
    command: CommandJson | None = None
    worker: str = ""
    steps_us: list[int] | None = None


def cut(
    entries: Iterable[Learned], *, series: AbstractSet[int], devices: AbstractSet[int]
) -> Iterator[Learned]:
    """Yield entries with the rows of some series and devices only.

    An entry that holds nothing of them still tells that time has passed.
    """
    is_wanted_series, is_wanted_device = _table(series), _table(devices)
    for entry in entries:
        content = _cut(entry.content, is_wanted_series, is_wanted_device)
        yield Learned(entry.seq, entry.at_us, content, entry.worker)


def _table(ids: AbstractSet[int]) -> NDArray[np.bool_]:
    """Return whether each id is among some; the last item is of none."""
    found = np.zeros(max(ids, default=0) + 2, np.bool_)
    found[list(ids)] = True
    return found


def _cut(
    content: Content, series: NDArray[np.bool_], devices: NDArray[np.bool_]
) -> Content:
    if isinstance(content, Readings):
        return _rows(content, look_up(series, content.series_id))
    if isinstance(content, Positions):
        return _rows(content, look_up(devices, content.device_id))
    if isinstance(content, CommandWord):
        known = look_up(devices, np.array([content.device_id]))
        return content if known[0] else None
    return content


def _rows(rows: Rows, wanted: NDArray[np.bool_]) -> Rows | None:
    if not wanted.any():
        return None
    names = type(rows).__dataclass_fields__
    return type(rows)(**{name: getattr(rows, name)[wanted] for name in names})


def entries_json(entries: Iterable[Learned]) -> list[object]:
    """Return entries as what JSON is written of."""
    found: list[object] = msgspec.to_builtins(list(_together(entries)))
    return found


def entries_from(piece: object) -> list[Learned]:
    """Return the entries that `entries_json` gave.

    Raises:
        msgspec.ValidationError: If it gave other things.
    """
    found: list[Learned] = []
    for entry in msgspec.convert(piece, list[EntryJson]):
        found.append(_learned(entry))
        for step_us in entry.steps_us or ():
            last = found[-1]
            found.append(Learned(last.seq + 1, last.at_us + step_us, None, last.worker))
    return found


def _together(entries: Iterable[Learned]) -> Iterator[EntryJson]:
    """Yield entries; those that only tell that time has passed, several as one."""
    run: list[Learned] = []
    for entry in entries:
        if run and not _follows(run[-1], entry):
            yield _run_json(run)
            run = []
        run.append(entry)
    if run:
        yield _run_json(run)


def _follows(before: Learned, entry: Learned) -> bool:
    return (
        before.content is None
        and entry.content is None
        and entry.seq == before.seq + 1
        and entry.worker == before.worker
    )


def _run_json(run: list[Learned]) -> EntryJson:
    steps = [after.at_us - before.at_us for before, after in pairwise(run)]
    return msgspec.structs.replace(_json(run[0]), steps_us=steps or None)


def _json(entry: Learned) -> EntryJson:
    content = entry.content
    return EntryJson(
        seq=entry.seq,
        at_us=entry.at_us,
        readings=_columns(content) if isinstance(content, Readings) else None,
        positions=_columns(content) if isinstance(content, Positions) else None,
        edge=(
            (content.edge, content.gateway, content.is_up)
            if isinstance(content, EdgeWord)
            else None
        ),
        command=_command(content) if isinstance(content, CommandWord) else None,
        worker=entry.worker,
    )


def _command(word: CommandWord) -> CommandJson:
    wanted = word.wanted
    return CommandJson(
        device_id=word.device_id,
        number=word.number,
        turn=word.turn,
        state=word.state,
        quantity=None if wanted is None else wanted.quantity,
        low=0.0 if wanted is None else wanted.low,
        high=0.0 if wanted is None else wanted.high,
        is_read=word.is_read,
    )


def _columns(rows: Readings | Positions) -> dict[str, list[float | int | None]]:
    return {
        name: _plain(getattr(rows, name))
        for name in type(rows).__dataclass_fields__
        if name != "received_us"  # the entry's own
    }


def _plain(column: NDArray[np.generic]) -> list[float | int | None]:
    """Return numbers; JSON has none for what is not a number."""
    if column.dtype.kind != "f":
        return [int(value) for value in column.tolist()]
    return [float(v) if np.isfinite(v) else None for v in column.tolist()]


def _learned(entry: EntryJson) -> Learned:
    content: Content = None
    if entry.readings is not None:
        content = _typed(Readings, entry.readings, entry.at_us)
    elif entry.positions is not None:
        content = _typed(Positions, entry.positions, entry.at_us)
    elif entry.edge is not None:
        content = EdgeWord(*entry.edge)
    elif entry.command is not None:
        content = _word(entry.command)
    return Learned(entry.seq, entry.at_us, content, entry.worker)


def _word(told: CommandJson) -> CommandWord:
    wanted = None
    if told.quantity is not None:
        wanted = Wanted(quantity=told.quantity, low=told.low, high=told.high)
    return CommandWord(
        device_id=told.device_id,
        number=told.number,
        turn=told.turn,
        state=told.state,
        wanted=wanted,
        is_read=told.is_read,
    )


def _typed(
    kind: type[Rows], columns: dict[str, list[float | int | None]], at_us: int
) -> Rows:
    like = kind.empty()
    n = max(map(len, columns.values()), default=0)
    found: dict[str, NDArray[np.generic]] = {"received_us": np.full(n, at_us, np.int64)}
    for name, values in columns.items():
        plain = [np.nan if value is None else value for value in values]
        found[name] = np.array(plain).astype(getattr(like, name).dtype)
    return kind(**found)  # type: ignore[arg-type] # the names and types are `like`'s
