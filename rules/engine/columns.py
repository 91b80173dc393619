"""Records of columns: dataclasses whose fields are all arrays, handled alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")


@lru_cache
def column_names(of: "type[DataclassInstance]") -> tuple[str, ...]:
    """Return the names of a record's columns."""
    return tuple(field.name for field in fields(of))


def columns_of(record: "DataclassInstance") -> dict[str, NDArray[np.generic]]:
    """Return the columns of a record by their names."""
    return {name: getattr(record, name) for name in column_names(type(record))}


def copied(record: R) -> R:
    """Return the same record in columns of its own."""
    own = {name: column.copy() for name, column in columns_of(record).items()}
    return replace(record, **own)


def sliced(record: R, rows: slice) -> R:
    """Return some rows of a record, in its own columns."""
    return replace(record, **{n: c[rows] for n, c in columns_of(record).items()})


def joined(one: R, other: R) -> R:
    """Return the rows of two records of a kind, one after the other."""
    return all_joined((one, other))


def all_joined(records: Sequence[R]) -> R:
    """Return the rows of records of a kind, one after the other; of one, its own."""
    if len(records) == 1:
        return records[0]
    names = column_names(type(records[0]))
    columns = {n: np.concatenate([getattr(r, n) for r in records]) for n in names}
    return replace(records[0], **columns)


def carry_rows(old: R, new: R, was: NDArray[np.intp], now: NDArray[np.intp]) -> None:
    """Copy some rows of one record to some rows of another of its kind.

    Where their other axes differ in length the ends meet, for there the newest stands.
    """
    for name, column in columns_of(new).items():
        before = columns_of(old)[name]
        widths = zip(column.shape[1:], before.shape[1:], strict=True)
        ends = tuple(slice(-min(both), None) for both in widths)
        into, source = column[(slice(None), *ends)], before[(slice(None), *ends)]
        into[now] = source[was]


def made_of(of: Callable[..., T], parts: Mapping[str, object]) -> T:
    """Return what is made of parts by their names, as they were written down."""
    return of(**parts)
