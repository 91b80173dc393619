"""Codes of 数字城管: components, grid cells and classes, parsed part by part.

- Component (部件标识码), 16 digits: 6 county, 2 major class, 2 minor class, 6 sequence.
- Cell (单元网格), 14 digits after CJ/T 213-2005: 6 county, 3 street or town, 3
  community, 2 sequence; or 15, with 3 of sequence, in newer grids. Both are in use.
- Class, 4 digits: 2 major, 2 minor. The same digits mean different things in different
  numberings, and for components and events (事件), so a class names all three.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

COMPONENT_LENGTH = 16
"""Digits of a component code."""

GRID_LENGTHS = (14, 15)
"""Digits a grid code may have."""

SCHEME_PATTERN = re.compile(r"[a-z0-9]+([.+-][a-z0-9]+)*")
"""What the name of a numbering looks like: `gbt30428.2-2013`."""

_COMPONENT_RIGHT = "a component code is 16 digits: 6 county, 2 + 2 class, 6 sequence"
_GRID_RIGHT = "a grid code is 14 or 15 digits: 6 county, 3 street, 3 community, 2 or 3"
_CLASS_RIGHT = "a class is scheme:type:code, such as gbt30428.2-2013:component:0137"


class CodeError(ValueError):
    """A code is not one; the message says what is wrong and what would be right.

    Attributes:
        text: The code as it was given.
    """

    def __init__(self, text: str, wrong: str, right: str) -> None:
        super().__init__(f"{text!r} {wrong}; {right}")
        self.text = text


class ClassType(StrEnum):
    """What a class is a class of; components and events number theirs apart."""

    COMPONENT = "component"  # 部件
    EVENT = "event"  # 事件


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentCode:
    """The code of one component.

    Attributes:
        county: 6 digits.
        major: 2 digits, the major class (大类).
        minor: 2 digits, the minor class (小类).
        sequence: 6 digits, counted from 000001 in one county and class.
    """

    county: str
    major: str
    minor: str
    sequence: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a component code apart.

        Raises:
            CodeError: If it is not 16 digits, or a part is all zeros.
        """
        _check_digits(text, (COMPONENT_LENGTH,), _COMPONENT_RIGHT)
        county, major, minor, sequence = text[:6], text[6:8], text[8:10], text[10:]
        for part, name in (
            (county, "county"),
            (major, "major class"),
            (minor, "minor class"),
            (sequence, "sequence"),
        ):
            _check_counted(text, part, name, _COMPONENT_RIGHT)
        return cls(county=county, major=major, minor=minor, sequence=sequence)

    @property
    def class_code(self) -> str:
        """Major and minor class, 4 digits; its scheme is not in the code."""
        return self.major + self.minor

    def __str__(self) -> str:
        return self.county + self.major + self.minor + self.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCode:
    """The code of one cell of the unit grid.

    Attributes:
        county: 6 digits.
        street: 3 digits, street or town (GB/T 10114).
        community: 3 digits.
        sequence: 2 digits in a code of 14, 3 in one of 15.
    """

    county: str
    street: str
    community: str
    sequence: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a grid code apart.

        Raises:
            CodeError: If it is neither 14 nor 15 digits, or county or sequence is all
                zeros.
        """
        _check_digits(text, GRID_LENGTHS, _GRID_RIGHT)
        _check_counted(text, text[:6], "county", _GRID_RIGHT)
        _check_counted(text, text[12:], "sequence", _GRID_RIGHT)
        return cls(
            county=text[:6], street=text[6:9], community=text[9:12], sequence=text[12:]
        )

    def __str__(self) -> str:
        return self.county + self.street + self.community + self.sequence


@dataclass(frozen=True, slots=True, order=True)
class ClassCode:
    """One class of components or events, in the numbering it is from.

    Attributes:
        scheme: Name of the numbering, such as `gbt30428.2-2013` or `cjt214-2007`.
        type: Component or event.
        code: Major and minor class, 4 digits.
    """

    scheme: str
    type: ClassType
    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `scheme:type:code` apart.

        Raises:
            CodeError: If a part is missing or cannot be.
        """
        scheme, colon, rest = text.partition(":")
        kind, second_colon, code = rest.partition(":")
        if not (colon and second_colon):
            raise CodeError(text, "has not three parts", _CLASS_RIGHT)
        if kind not in set(ClassType):
            raise CodeError(text, f"has the unknown type {kind!r}", _CLASS_RIGHT)
        check_scheme(scheme)
        check_class_digits(code)
        return cls(scheme, ClassType(kind), code)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.type}:{self.code}"


def check_county(text: str) -> None:
    """Check a county code.

    Raises:
        CodeError: If it is not 6 digits or all zeros.
    """
    right = "a county code is 6 digits (GB/T 2260)"
    _check_digits(text, (6,), right)
    _check_counted(text, text, "county", right)


def check_scheme(text: str) -> None:
    """Check the name of a numbering.

    Raises:
        CodeError: If it is empty or has other than lower-case letters, digits, `.+-`.
    """
    if not SCHEME_PATTERN.fullmatch(text):
        right = "a scheme is named in lower case, such as gbt30428.2-2013"
        raise CodeError(text, "is no name of a numbering", right)


def check_class_digits(text: str) -> None:
    """Check the four digits of a class.

    Raises:
        CodeError: If they are not four digits.
    """
    _check_digits(text, (4,), "a class is 4 digits: 2 major, 2 minor, such as 0137")


def _check_digits(text: str, lengths: tuple[int, ...], right: str) -> None:
    for place, character in enumerate(text, 1):
        if character not in "0123456789":
            raise CodeError(text, f"has {character!r} at place {place}", right)
    if len(text) not in lengths:
        raise CodeError(text, f"has {len(text)} digits", right)


def _check_counted(text: str, part: str, name: str, right: str) -> None:
    if not part.strip("0"):
        raise CodeError(text, f"has the {name} {part}, which is none", right)
