"""What the readers of rule files ask for, found by letting them read.

A `Sketch` is a section in which every key can be given or left out as one likes. The
readers run over it again and again, with another key left out or another word chosen
each time, and what they ask for is noted: so the schema says what the readers accept,
and nobody writes it a second time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, TypeVar

from rules.files.located import Section

Json: TypeAlias = "str | float | bool | list[Json] | dict[str, Json] | None"
"""A JSON value."""

Path: TypeAlias = tuple[str, ...]
"""Keys from the top; those of a list's mappings stand below the list's own key."""

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Choice:
    """How the keys of one run are.

    Attributes:
        is_given: Whether keys are given that nothing is said of.
        other: Keys of which the contrary is so.
        words: The word each key has; the first possible one if nothing is said.
    """

    is_given: bool
    other: frozenset[Path] = frozenset()
    words: Mapping[Path, str] = field(default_factory=dict)

    def has(self, path: Path) -> bool:
        """Tell whether a key is given."""
        return self.is_given != (path in self.other)


@dataclass(slots=True)
class Run:
    """What the readers asked in one run.

    Attributes:
        choice: How the keys were.
        shapes: What each key may be, as JSON Schema.
        required: Keys that they cannot do without.
        doubted: Keys that they asked for whether they are given.
        words: The words that each key may be.
        faults: Keys that were at fault.
        refused: Those of them that were so before their value was read.
        numbers: How many numbers were read.
    """

    choice: Choice
    shapes: dict[Path, dict[str, Json]] = field(default_factory=dict)
    required: set[Path] = field(default_factory=set)
    doubted: set[Path] = field(default_factory=set)
    words: dict[Path, list[str]] = field(default_factory=dict)
    faults: set[Path] = field(default_factory=set)
    refused: set[Path] = field(default_factory=set)
    numbers: int = 0


class Sketch(Section):
    """A section in which keys are as a `Choice` says."""

    def __init__(self, run: Run, path: Path = ()) -> None:
        super().__init__(None, ".".join(path), [])
        self._run = run
        self._path_here = path

    def has(self, key: str) -> bool:
        """Tell whether the choice gives a key."""
        self._run.doubted.add(self._at(key))
        return self._run.choice.has(self._at(key))

    def fault(self, key: str, what: str) -> None:  # noqa: ARG002 as a section has it
        """Note that a key is at fault: for being there, if nobody has read it yet."""
        self._run.faults.add(self._at(key))
        if self._at(key) not in self._run.shapes:
            self._run.refused.add(self._at(key))

    def fault_in(self, key: str, column: int, what: str, *, item: int = 0) -> None:
        """Note nothing: a sketch has no texts of its own."""

    def text(self, key: str, *, like: str = ".+", default: str | None = None) -> str:
        """Note a text; return its default."""
        shape: dict[str, Json] = {"type": "string"}
        shape |= {"minLength": 1} if like == ".+" else {"pattern": f"^(?:{like})$"}
        self._record(key, shape, is_required=default is None)
        return "text" if default is None else default

    def texts(self, key: str) -> list[str]:
        """Note a text or a list of them; return one."""
        self._record(key, one_or_more({"type": "string", "minLength": 1}))
        return ["text"]

    def number(
        self,
        key: str,
        *,
        low: float = -float("inf"),
        above: float = -float("inf"),
        default: float | None = None,
    ) -> float:
        """Note a number; return one within its bounds, above those before."""
        shape: dict[str, Json] = {"type": "number"}
        if low > -float("inf"):
            shape["minimum"] = low
        if above > -float("inf"):
            shape["exclusiveMinimum"] = above
        self._record(key, shape, is_required=default is None)
        return float(max(low, above + 1, 1.0))

    def flag(self, key: str) -> bool:
        """Note true or false; return whether the choice gives it."""
        self._record(key, {"type": "boolean"})
        return self._run.choice.has(self._at(key))

    def word(self, key: str, words: type[Word], *, default: Word | None = None) -> Word:
        """Note one of a few words; return the one that is chosen."""
        first = next(iter(words)) if default is None else default
        return words(self._chosen(key, list(words), first, is_required=default is None))

    def one_of(self, key: str, words: Iterable[str]) -> str:
        """Note one of a few words; return the one that is chosen."""
        known = list(words)
        return self._chosen(key, known, known[0], is_required=True)

    def word_list(self, key: str, words: Iterable[str]) -> list[str]:
        """Note one or more of a few words; return none."""
        known: list[Json] = [*sorted(words)]
        self._record(key, one_or_more({"enum": known}))
        return []

    def section(self, key: str) -> "Section":
        """Note a mapping; return a sketch of it."""
        self._record(
            key, {"type": "object"}, is_required=self._at(key) not in self._run.doubted
        )
        return Sketch(self._run, self._at(key))

    def sections(self, key: str) -> list["Section"]:
        """Note one or more mappings; return sketches of two if the choice gives any."""
        self._record(key, one_or_more({"type": "object"}))
        self._run.doubted.add(self._at(key))
        given = self._run.choice.has(self._at(key))
        return [Sketch(self._run, self._at(key)) for _ in range(2 if given else 0)]

    def done(self) -> None:
        """Note nothing: there are no keys but those that are asked for."""

    def _at(self, key: str) -> Path:
        return (*self._path_here, key)

    def _chosen(
        self, key: str, words: list[str], first: str, *, is_required: bool
    ) -> str:
        path = self._at(key)
        self._record(key, {"enum": [*words]}, is_required=is_required)
        self._run.words[path] = [str(word) for word in words]
        return self._run.choice.words.get(path, first)

    def _record(
        self, key: str, shape: dict[str, Json], *, is_required: bool = False
    ) -> None:
        path = self._at(key)
        # What is read twice is what was said of it first, if that says more.
        known = self._run.shapes.get(path, {})
        self._run.shapes[path] = known if "enum" in known else shape
        if is_required and path not in self._run.doubted:
            self._run.required.add(path)


def explored(
    read: Callable[[Sketch], object], words: Mapping[Path, str]
) -> Iterator[Run]:
    """Yield what comes of reading with all keys, with none, and with each otherwise.

    Args:
        read: The reader.
        words: Words that stay as they are.
    """
    for is_given in (True, False):
        base = _run(read, Choice(is_given, words=words))
        yield base
        seen = set(base.doubted)
        for path in sorted(base.doubted):
            run = _run(read, Choice(is_given, frozenset({path}), words))
            yield run
            for deeper in sorted(run.doubted - seen):
                yield _run(read, Choice(is_given, frozenset({path, deeper}), words))
    whole = _run(read, Choice(is_given=True, words=words))
    for path, known in sorted(whole.words.items()):
        for word in known if path not in words else ():
            yield _run(read, Choice(is_given=True, words={**words, path: word}))


def _run(read: Callable[[Sketch], object], choice: Choice) -> Run:
    run = Run(choice)
    read(Sketch(run))
    return run


def one_or_more(shape: dict[str, Json]) -> dict[str, Json]:
    """Return the schema of a value, or a list of such."""
    return {"anyOf": [shape, {"type": "array", "items": shape}]}
