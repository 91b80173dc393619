"""`lamp`: while a lamp's programme says that it is lit, or that it is dark.

The programme (亮灯方案) follows the sun where the device stands, and the city's clocks;
it is its own, or that of the cabinet it hangs from. Within the margin around a turn
nobody can say, and nothing is judged. A device without a programme is judged always or
never, as the rule says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.files.located import Section
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules.pages import Asked, Page, by_page, next_after, open_at, turns_from
from rules.schedules.schedule import Ask
from vocabulary.lighting import ZENITH_DEG, LampProgramme
from vocabulary.lighting_turns import level_turns
from vocabulary.local_time import DAY_US, MINUTE_US
from vocabulary.times import SECOND_US

PAGE_US = 2 * DAY_US
"""For how long turns are made at once."""

MOST_PAGES = 200
"""In how many of those the next turn is looked for: a polar summer, and then some."""

PLACE_DEG = 0.05
"""Devices nearer than this, some 5 km, stand under one sun: 6 s off at most at the
edges, where controllers' clocks are off by more."""


class Lit(StrEnum):
    """What a programme says."""

    LIT = "lit"
    DARK = "dark"
    DAY = "day"  # dark by the sun, whatever its steps say of the night


class Without(StrEnum):
    """When a device without a programme is judged."""

    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LampAsk(Ask):
    """What a rule says.

    Attributes:
        lamp: While the programme says this.
        without_programme: When a device is judged that has none.
    """

    lamp: Lit
    without_programme: Without


def read(section: Section) -> LampAsk:
    """Return what a rule file says."""
    return LampAsk(
        section.word("lamp", Lit),
        section.word("without_programme", Without, default=Without.NEVER),
    )


class _Light(NamedTuple):
    """What is asked of which programme where: slots that share it turn together."""

    programme: LampProgramme | None
    lamp: Lit
    without: Without
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class LampCalendar:
    """When slots with a lamp schedule are open.

    Attributes:
        zone: The city's IANA zone.
        lights: What is asked, each once.
        light: Place in `lights` of each row, shape (rows,).
    """

    zone: str
    lights: tuple[_Light, ...]
    light: NDArray[np.intp]

    @classmethod
    def of(cls, asked: Sequence[tuple[LampAsk, Subject]], source: PlanSource) -> Self:
        """Return the calendar of what slots ask, by row."""
        programmes = {one.code: one for one in source.programmes}
        each = [_light(ask, subject, programmes) for ask, subject in asked]
        lights = dict.fromkeys(each)
        place = {light: number for number, light in enumerate(lights)}
        return cls(
            source.time_zone,
            tuple(lights),
            np.array([place[light] for light in each], np.intp),
        )

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
        lights = len(self.lights)
        return by_page(self.light[row], at_us, page_us=PAGE_US, asks=lights)

    def _page(self, place: int, number: int) -> Page:
        return _page(self.zone, self.lights[place], number)

    def _turns(self, place: int, number: int) -> NDArray[np.int64]:
        most = 1 if _turns_never(self.lights[place]) else MOST_PAGES
        return turns_from(partial(self._page, place), number, most=most)


def _light(
    ask: LampAsk, subject: Subject, programmes: dict[str, LampProgramme]
) -> _Light:
    programme = programmes.get(subject.programme)
    if subject.lon is None or subject.lat is None:
        programme = None
    if programme is None:
        return _Light(None, ask.lamp, ask.without_programme, 0.0, 0.0)
    if ask.lamp is Lit.DAY:
        programme = replace(programme, steps=())
    return _Light(
        programme,
        ask.lamp,
        ask.without_programme,
        round((subject.lon or 0.0) / PLACE_DEG) * PLACE_DEG,
        round((subject.lat or 0.0) / PLACE_DEG) * PLACE_DEG,
    )


def _turns_never(light: _Light) -> bool:
    """Tell of lamps without a programme, and of those that are always lit."""
    programme = light.programme
    return programme is None or (
        not programme.steps
        and min(programme.on_below_deg, programme.off_above_deg) >= ZENITH_DEG
    )


@lru_cache(maxsize=4096)
def _page(zone: str, light: _Light, number: int) -> Page:
    start_us, end_us = number * PAGE_US, (number + 1) * PAGE_US
    if light.programme is None:
        return Page(light.without is Without.ALWAYS, np.empty(0, np.int64))
    margin_us = round(light.programme.margin_s * SECOND_US)
    # A turn beyond the page may close it at its ends.
    stretch_us = start_us - margin_us - MINUTE_US, end_us + margin_us + MINUTE_US
    at_us, level = level_turns(
        light.programme, stretch_us, (light.lon, light.lat), ZoneInfo(zone)
    )
    opens_us = at_us + margin_us
    opens_us[0] = at_us[0]  # that is where it is looked at first, and no turn
    closes_us = np.append(at_us[1:], stretch_us[1] + margin_us) - margin_us
    is_open = ((level > 0) == (light.lamp is Lit.LIT)) & (opens_us < closes_us)
    turns_us = np.stack((opens_us[is_open], closes_us[is_open]), axis=1).ravel()
    # Without a margin a step from one level to another closes nothing.
    once, times = np.unique(turns_us, return_counts=True)
    turns_us = once[times == 1]
    was_open = bool((turns_us < start_us).sum() % 2)
    return Page(was_open, turns_us[(turns_us >= start_us) & (turns_us < end_us)])
