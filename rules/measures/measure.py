"""What every measure has: the seam between the engine and `rules.measures`.

A measure makes the number that is compared with a slot's limits out of the slot's
samples. It has four parts, all in one module:

    XSettings   what one slot asks of it: made by the condition's draft
    XColumns    the settings of all its slots: part of the plan
    XMemory     what it remembers of each of them, only arrays, one row per slot of its
                own: part of the state. A wider second axis has the newest last.
    measure     (columns, memory, samples) -> value of each sample, whether known, and
                what it is about

Copying, writing down, reading back and carrying the memory over is done here for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples


class Settings:
    """What one slot asks of a measure; a frozen dataclass."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The settings of all slots of a measure.

    Attributes:
        place: Row of each of the plan's slots here and in the memory, -1 for slots of
            other measures.
    """

    place: NDArray[np.intp]


@dataclass(slots=True)
class Memory:
    """What a measure remembers: arrays, one row per slot of its own."""


Outcome: TypeAlias = (
    tuple[NDArray[np.float64], NDArray[np.bool_]]
    | tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]
)
"""The number made of each sample, whether it is known, and where a sample is about
something in particular, what: a place in the measure's columns, -1 for nothing."""

S = TypeVar("S", bound=Settings)
C = TypeVar("C", bound=Columns)
M = TypeVar("M", bound=Memory)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table of measures.

    Attributes:
        word: Its name, also in the written state.
        settings: By which a draft asks for it.
        memory: What it remembers.
        compile: Makes its columns of `Columns.place` and the settings, by row.
        fresh: Makes the memory of an engine that has seen nothing.
        measure: Makes numbers of samples. They are of its slots only, fit to judge,
            those of each slot together and oldest first, none older than what it saw
            before; values as reported, whatever the sign of the slot. It changes the
            memory in place. What is not known is not judged.
    """

    word: str
    settings: type[Settings]
    memory: type[Memory]
    compile: Callable[[NDArray[np.intp], Sequence[Settings]], Columns]
    fresh: Callable[[Columns], Memory]
    measure: Callable[[Columns, Memory, Samples], Outcome]

    @classmethod
    def of(
        cls,
        word: str,
        settings: type[S],
        memory: type[M],
        columns: type[C],
        *,
        compiled: Callable[[NDArray[np.intp], Sequence[S]], C],
        fresh: Callable[[C], M],
        measure: Callable[[C, M, Samples], Outcome],
    ) -> Self:
        """Return the line for the four parts of a measure."""
        return cls(
            word,
            settings,
            memory,
            lambda place, asked: compiled(
                place, [_only(settings, one) for one in asked]
            ),
            lambda found: fresh(_only(columns, found)),
            lambda found, kept, samples: measure(
                _only(columns, found), _only(memory, kept), samples
            ),
        )


def _only(of_type: type[T], found: object) -> T:
    """Return what must be of a type; the table pairs nothing else."""
    if not isinstance(found, of_type):
        raise TypeError(f"{found!r} is no {of_type.__name__}")
    return found
