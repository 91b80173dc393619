"""`local`: hours of the day in the city's own time, on some days of the week.

An interval that ends at or before its start goes on over midnight, and is of the day on
which it begins. Where clocks are changed, an hour that comes twice counts twice, and a
time that is skipped is the instant that far after the change.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache, partial
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.files.located import Section
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules.pages import Asked, Page, by_page, next_after, open_at, turns_from
from rules.schedules.schedule import Ask
from vocabulary.local_time import DAY_US
from vocabulary.times import EPOCH, us_from_datetime

PAGE_DAYS = 64
"""How many days of turns are made at once."""

MOST_PAGES = 8
"""In how many of those the next turn is looked for; a week has all there are."""

_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY_MINUTES = 24 * 60


class Day(IntEnum):
    """Days of the week, as `date.weekday` counts them."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class LocalAsk(Ask):
    """What a rule says.

    Attributes:
        hours: Intervals, minutes from midnight, end after start.
        days: On which they begin.
    """

    hours: tuple[tuple[int, int], ...]
    days: frozenset[Day]


def read(section: Section) -> LocalAsk:
    """Return the hours and days that a rule file says."""
    texts = section.texts("local")
    if not texts:
        section.fault("local", 'must be "HH:MM-HH:MM", or a list of those')
    names = {day.name.lower(): day for day in Day}
    days = frozenset(names[word] for word in section.word_list("days", names))
    return LocalAsk(
        tuple(filter(None, (_interval(section, text) for text in texts))),
        days or frozenset(Day),
    )


def _interval(section: Section, text: str) -> tuple[int, int] | None:
    found = _HOURS.fullmatch(text)
    parts = [int(part) for part in found.groups()] if found else [99] * 4
    start, end = parts[0] * 60 + parts[1], parts[2] * 60 + parts[3]
    if not found or start >= _DAY_MINUTES or end > _DAY_MINUTES:
        section.fault("local", f'must be "HH:MM-HH:MM" within a day, not {text!r}')
        return None
    return start, end if end > start else end + _DAY_MINUTES


@dataclass(frozen=True, slots=True)
class LocalCalendar:
    """When slots with local hours are open.

    Attributes:
        zone: The city's IANA zone.
        asks: What is asked, each once.
        ask: Place in `asks` of each row, shape (rows,).
    """

    zone: str
    asks: tuple[LocalAsk, ...]
    ask: NDArray[np.intp]

    @classmethod
    def of(cls, asked: Sequence[tuple[LocalAsk, Subject]], source: PlanSource) -> Self:
        """Return the calendar of some asks."""
        places = {ask: place for place, ask in enumerate(dict(asked))}
        ask = np.array([places[one] for one, _ in asked], np.intp)
        return cls(source.time_zone, tuple(places), ask)

    def is_open(
        self, row: NDArray[np.intp], at_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell whether slots are open, see `Calendar`."""
        return open_at(self._asked(row, at_us), self._page, at_us)

    def next_turn_us(
        self, row: NDArray[np.intp], after_us: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return when slots next open or close, see `Calendar`."""
        return next_after(self._asked(row, after_us), self._turns, after_us)

    def _asked(self, row: NDArray[np.intp], at_us: NDArray[np.int64]) -> list[Asked]:
        page_us, asks = PAGE_DAYS * DAY_US, len(self.asks)
        return by_page(self.ask[row], at_us, page_us=page_us, asks=asks)

    def _page(self, place: int, number: int) -> Page:
        return _page(self.zone, self.asks[place], number)

    def _turns(self, place: int, number: int) -> NDArray[np.int64]:
        return turns_from(partial(self._page, place), number, most=MOST_PAGES)


@lru_cache(maxsize=512)
def _page(zone: str, ask: LocalAsk, number: int) -> Page:
    start_us = number * PAGE_DAYS * DAY_US
    end_us = start_us + PAGE_DAYS * DAY_US
    # Its days begin at other instants than ours, and what began before may go on.
    first = EPOCH.date() + timedelta(number * PAGE_DAYS - 3)
    spans = _merged(
        span
        for day in (first + timedelta(n) for n in range(PAGE_DAYS + 6))
        if day.weekday() in ask.days
        for span in _spans(ZoneInfo(zone), ask, day)
    )
    turns_us = np.array([turn for span in spans for turn in span], np.int64)
    before = int(np.searchsorted(turns_us, start_us, "left"))
    inside = turns_us[before : np.searchsorted(turns_us, end_us, "left")]
    return Page(before % 2 == 1, inside)


def _spans(zone: ZoneInfo, ask: LocalAsk, day: date) -> list[tuple[int, int]]:
    """Return from when to when the intervals of one day are, in microseconds."""
    return [
        (_instant_us(zone, day, start, fold=0), _instant_us(zone, day, end, fold=1))
        for start, end in ask.hours
    ]


def _instant_us(zone: ZoneInfo, day: date, minute: int, *, fold: int) -> int:
    days, minute = divmod(minute, _DAY_MINUTES)
    on = day + timedelta(days)
    wall = datetime(
        on.year, on.month, on.day, minute // 60, minute % 60, tzinfo=zone, fold=fold
    )
    return us_from_datetime(wall.astimezone(UTC))


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that meet as one; empty ones left out."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
