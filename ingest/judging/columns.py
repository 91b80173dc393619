"""Memory as columns: one slot for each device or series, made when first needed."""

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def flags() -> NDArray[np.bool_]:
    """Return a column of truths with no slot yet; new slots are false."""
    return np.zeros(0, np.bool_)


def integers() -> NDArray[np.int64]:
    """Return a column of int64 with no slot yet; new slots are 0."""
    return np.zeros(0, np.int64)


def numbers() -> NDArray[np.float64]:
    """Return a column of float64 with no slot yet; new slots are 0."""
    return np.zeros(0, np.float64)


def reach(columns: "DataclassInstance", ids: NDArray[np.int32]) -> None:
    """Make every column long enough for these identities.

    Args:
        columns: A dataclass of nothing but columns of equal length; changed in place.
        ids: Slots that will be asked for.
    """
    needed = int(ids.max(initial=-1)) + 1
    for field in fields(columns):
        column = getattr(columns, field.name)
        if len(column) >= needed:
            return
        grown = np.zeros(max(needed, 2 * len(column)), column.dtype)
        grown[: len(column)] = column
        setattr(columns, field.name, grown)


def turns(ids: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Return rows in turns: the k-th turn has the k-th row of each identity.

    Args:
        ids: Shape (n,), equal ones together.
    """
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    counts = np.diff(starts, append=len(ids))
    turn = np.arange(len(ids)) - np.repeat(starts, counts)
    order = np.argsort(turn, kind="stable")
    return np.split(order, np.cumsum(np.bincount(turn))[:-1])
