"""YAML as values that know their line and column, so that every fault has its place.

A `Section` is one mapping. Its readers return a placeholder where something is wrong
and note the fault, so that one pass over a file finds all of them. Scalars are taken as
they are written (`0506` stays `0506`, `yes` is not true, `1:30` is no number): the
implicit types of YAML 1.1 are where authors get hurt.
"""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import yaml

Word = TypeVar("Word", bound=StrEnum)

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file.

    Attributes:
        line: From 1.
        column: From 1.
        where: The keys that lead there, such as `condition.grades[1].at`.
        what: What is wrong and what would be right.
    """

    line: int
    column: int
    where: str
    what: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.line}:{self.column}: {where}{self.what}"


class FileFaultsError(ValueError):
    """A file is wrong; carries everything that is."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def read_section(text: str) -> "Section":
    """Return the outermost mapping of a YAML text.

    Raises:
        FileFaultsError: If it is no YAML, or not one mapping.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        what = f"not YAML: {error.problem or error.context}"
        raise FileFaultsError([Fault(*place, "", what)]) from error
    except RecursionError:
        deep = Fault(1, 1, "", "is nested too deeply; no file needs ten levels")
        raise FileFaultsError([deep]) from None
    except yaml.YAMLError as error:  # an octet that no YAML may hold
        raise FileFaultsError([Fault(1, 1, "", f"not YAML: {error}")]) from error
    if not isinstance(node, yaml.MappingNode):
        raise FileFaultsError([Fault(1, 1, "", "must be a mapping of keys to values")])
    return Section(node, "", [])


class Section:
    """One mapping of a file, and the faults found in it so far.

    Attributes:
        faults: Shared by all sections of one file.
    """

    def __init__(
        self, node: yaml.MappingNode | None, where: str, faults: list[Fault]
    ) -> None:
        # A section that is missing stands in for itself; its faults are nobody's.
        self.faults = faults if node is not None else []
        self._where = where
        self._node = node
        self._values: dict[str, yaml.Node] = {}
        self._keys: dict[str, yaml.Node] = {}
        self._asked: set[str] = set()
        for key, value in node.value if node is not None else []:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in self._values:
                self._note(key, self._path(name), "is given twice")
            self._values[name] = value
            self._keys[name] = key

    def has(self, key: str) -> bool:
        """Tell whether a key is given."""
        self._asked.add(key)
        return key in self._values

    def fault(self, key: str, what: str) -> None:
        """Note that the value of `key` is wrong, or the section itself if absent."""
        self._note(self._values.get(key, self._node), self._path(key), what)

    def fault_in(self, key: str, column: int, what: str, *, item: int = 0) -> None:
        """Note what is wrong at a place within the text of `key`.

        Only of a scalar on one line without escapes is the place known; of any other
        its start is told.

        Args:
            key: Where.
            column: From 0, in the text with the blanks around it stripped.
            what: What is wrong.
            item: Which text, where `key` has a list of them.
        """
        node, path = self._values.get(key), self._path(key)
        if isinstance(node, yaml.SequenceNode):
            node, path = node.value[item], f"{path}[{item}]"
        self._note(node or self._node, path, what, column)

    def text(self, key: str, *, like: str = ".+", default: str | None = None) -> str:
        """Return a text.

        Args:
            key: Where.
            like: Regular expression that the whole text must match.
            default: What a missing key means; None makes it required.
        """
        node = self._scalar(key, required=default is None)
        if node is None:
            return default or ""
        text = str(node.value).strip()
        if not re.fullmatch(like, text, re.DOTALL):
            hint = f"must match {like}" if text else "is empty"
            self.fault(key, hint)
        return text

    def number(
        self,
        key: str,
        *,
        low: float = -math.inf,
        above: float = -math.inf,
        default: float | None = None,
    ) -> float:
        """Return a number.

        Args:
            key: Where.
            low: Least allowed value.
            above: What the value must exceed.
            default: What a missing key means; None makes it required.
        """
        node = self._scalar(key, required=default is None)
        if node is None:
            return math.nan if default is None else default
        if node.style is not None or not _NUMBER.fullmatch(str(node.value)):
            self.fault(key, f"must be a decimal number, not {node.value!r}")
            return math.nan
        number = float(node.value)
        if number < low:
            self.fault(key, f"must be at least {low:g}, not {number:g}")
        if number <= above:
            self.fault(key, f"must be more than {above:g}, not {number:g}")
        return number

    def flag(self, key: str) -> bool:
        """Return true or false; a missing key is false."""
        node = self._scalar(key, required=False)
        if node is not None and node.value not in ("true", "false"):
            self.fault(key, f"must be true or false, not {node.value!r}")
        return node is not None and node.value == "true"

    def word(self, key: str, words: type[Word], *, default: Word | None = None) -> Word:
        """Return one of a few words; without `default` the key is required."""
        first = next(iter(words)) if default is None else default
        node = self._scalar(key, required=default is None)
        if node is None:
            return first
        try:
            return words(str(node.value))
        except ValueError:
            self.fault(key, self._not_among(str(node.value), words))
            return first

    def one_of(self, key: str, words: Iterable[str]) -> str:
        """Return one of a few words, the first of them if it is none."""
        first, *_ = known = list(words)
        node = self._scalar(key, required=True)
        word = first if node is None else str(node.value)
        if word not in known:
            self.fault(key, self._not_among(word, known))
            return first
        return word

    def word_list(self, key: str, words: Iterable[str]) -> list[str]:
        """Return a list of words, each one of `words`; a missing key is no words."""
        found: list[str] = []
        for position, node in enumerate(self._items(key)):
            word = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
            if word in words:
                found.append(word)
            else:
                path = f"{self._path(key)}[{position}]"
                self._note(node, path, self._not_among(word, words))
        return found

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; a single one is a list of one."""
        return [
            str(item.value).strip() if isinstance(item, yaml.ScalarNode) else ""
            for item in self._items(key)
        ]

    def section(self, key: str) -> "Section":
        """Return a mapping within this one."""
        node = self._values.get(key)
        if isinstance(node, yaml.MappingNode):
            self._asked.add(key)
            return Section(node, self._path(key), self.faults)
        if self._required(key):
            self.fault(key, "must be a mapping of keys to values")
        return Section(None, self._path(key), [])

    def sections(self, key: str) -> list["Section"]:
        """Return the mappings of a list; one mapping alone is a list of one."""
        found = []
        for position, node in enumerate(self._items(key)):
            path = f"{self._path(key)}[{position}]"
            if isinstance(node, yaml.MappingNode):
                found.append(Section(node, path, self.faults))
            else:
                self._note(node, path, "must be a mapping of keys to values")
        return found

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for name, node in self._keys.items():
            if name not in self._asked:
                what = self._not_among(name, self._asked, "is not a key here")
                self._note(node, self._path(name), what)

    def _items(self, key: str) -> list[yaml.Node]:
        self._asked.add(key)
        node = self._values.get(key)
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def _scalar(self, key: str, *, required: bool) -> yaml.ScalarNode | None:
        if key not in self._values:
            if required:
                self._required(key)
            self._asked.add(key)
            return None
        self._asked.add(key)
        node = self._values[key]
        if not isinstance(node, yaml.ScalarNode):
            self.fault(key, "must be a single value")
            return None
        return node

    def _required(self, key: str) -> bool:
        self._asked.add(key)
        if key not in self._values:
            self.fault(key, "is missing")
        return key in self._values

    @staticmethod
    def _not_among(word: str, words: Iterable[str], what: str = "") -> str:
        known = sorted(words)
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return f"{what or repr(word) + ' is unknown'}; {hint}"

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _note(
        self, node: yaml.Node | None, where: str, what: str, within: int = 0
    ) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        column = node.start_mark.column + 1 if node is not None else 1
        column += _offset(node, within)
        self.faults.append(Fault(line, column, where, what))


def _offset(node: yaml.Node | None, within: int) -> int:
    """Return how far into a scalar's source a place of its text lies, 0 if unsure."""
    if not within or not isinstance(node, yaml.ScalarNode):
        return 0
    start, end = node.start_mark, node.end_mark
    quotes = 1 if node.style in ("'", '"') else 0
    is_plain = end.column - start.column == len(node.value) + 2 * quotes
    if start.line != end.line or node.style in ("|", ">") or not is_plain:
        return 0
    text = str(node.value)
    return quotes + len(text) - len(text.lstrip()) + within
