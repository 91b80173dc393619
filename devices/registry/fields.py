"""Reading one line's fields: each wrong one is a problem, and the rest are read on."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from zoneinfo import ZoneInfo

from devices.registry.import_result import Problem
from devices.registry.sheet import Line
from vocabulary.codes import CodeError

NAME_PATTERN = re.compile(r"\S(.{0,62}\S)?")
"""What a code that we choose may be: up to 64 characters without space at the ends."""


NO_CONTROL = "take it out: a text has no control characters and no line breaks"
"""What would be right of a text that holds one."""

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, halves of a character, breaks of lines."""


class Fields:
    """One line, read field by field.

    A getter that finds its field wrong adds a problem and returns something of the
    right type; `is_good` tells in the end whether the line may be used.
    """

    def __init__(self, line: Line, problems: list[Problem]) -> None:
        """Start on one line.

        Args:
            line: The line.
            problems: Where to add what is wrong.
        """
        self.line = line
        self.is_good = True
        self._problems = problems
        for column, value in line.fields.items():
            found = control_in(value)
            if found:
                self.refuse(column, f"holds {found}; {NO_CONTROL}")

    def refuse(self, column: str, message: str) -> None:
        """Say that a field is wrong."""
        problem = Problem(self.line.file, self.line.number, column, message)
        self._problems.append(problem)
        self.is_good = False

    def text(self, column: str) -> str:
        """Return a text that must be there."""
        value = self.line.fields.get(column, "")
        if not value:
            self.refuse(column, "is empty; it must be filled in")
        return value

    def text_or(self, column: str, default: str = "") -> str:
        """Return a text, or the default where it is empty."""
        return self.line.fields.get(column, "") or default

    def code(self, column: str) -> str:
        """Return a code of our own choosing that must be there."""
        value = self.text(column)
        if value and not NAME_PATTERN.fullmatch(value):
            self.refuse(column, f"{value!r} is no code; a code has 1 to 64 characters")
        return value

    def reference(self, column: str) -> str | None:
        """Return a code of something else, or None where it is empty."""
        return self.line.fields.get(column, "") or None

    def coded(self, column: str, check: Callable[[str], object]) -> str:
        """Return a code that `check` takes, which raises CodeError otherwise."""
        value = self.text(column)
        if value:
            try:
                check(value)
            except CodeError as error:
                self.refuse(column, f"{error}{_spreadsheet_hint(value)}")
        return value

    def choice(self, column: str, choices: type[StrEnum]) -> str:
        """Return one of an enumeration's values."""
        value = self.text(column)
        if value:
            self._check_choice(column, value, choices)
        return value

    def _check_choice(self, column: str, value: str, choices: type[StrEnum]) -> None:
        known = [str(choice) for choice in choices]
        if value not in known:
            near = get_close_matches(value, known, n=1)
            right = f"did you mean {near[0]}?" if near else f"use {', '.join(known)}"
            self.refuse(column, f"{value!r} is unknown; {right}")

    def choices(self, column: str, choices: type[StrEnum]) -> tuple[str, ...]:
        """Return values of an enumeration, parted by spaces; there may be none."""
        values = tuple(self.line.fields.get(column, "").split())
        for value in values:
            self._check_choice(column, value, choices)
        return tuple(dict.fromkeys(values))

    def number(self, column: str, low: float, high: float) -> float:
        """Return a number from `low` to `high` that must be there."""
        value = self.number_or_none(column, low, high)
        if value is None:
            if not self.line.fields.get(column):
                self.refuse(column, "is empty; a number must be filled in")
            return low
        return value

    def number_or_none(self, column: str, low: float, high: float) -> float | None:
        """Return a number from `low` to `high`, or None where it is empty."""
        text = self.line.fields.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            self.refuse(column, f"{text!r} is no number; write it like 111.0035")
            return None
        if not isfinite(value) or not low <= value <= high:
            self.refuse(column, f"{text} is not from {low:g} to {high:g}")
            return None
        return value

    def flag(self, column: str) -> bool:
        """Return true or false; empty is false."""
        text = self.line.fields.get(column, "").lower()
        if text not in {"", "true", "false"}:
            self.refuse(column, f"{text!r} is neither true nor false")
        return text == "true"

    def day_or_none(self, column: str) -> date | None:
        """Return a day, or None where it is empty."""
        text = self.line.fields.get(column, "")
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse(column, f"{text!r} is no day; write it like 2026-11-21")
            return None

    def time_zone(self, column: str) -> str:
        """Return an IANA time zone, or nothing where it is empty."""
        text = self.line.fields.get(column, "")
        if text and not is_time_zone(text):
            self.refuse(column, f"{text!r} is no zone; write it like Asia/Shanghai")
        return text


def control_in(text: str) -> str:
    """Return the first control character of a text, as U+0000; nothing without one.

    No code, name or address has any. U+0000 cannot be stored at all, and half a
    character neither; the others break the lines of what shows or lists them.
    """
    if text.isprintable():  # as nearly all are
        return ""
    found = (c for c in text if unicodedata.category(c) in _CONTROL)
    return next((f"U+{ord(c):04X}" for c in found), "")


def is_time_zone(text: str) -> bool:
    """Tell whether a text names a time zone that this machine knows."""
    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _spreadsheet_hint(value: str) -> str:
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", value):
        return "; a spreadsheet made a number of it: format the column as text"
    return ""
