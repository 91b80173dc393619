"""How every lamp of a city is now, by what was last heard of it and of its cabinet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from devices.lighting import LampState, LitRate, lamp_states, lit_rate, settled
from store.registry.lighting import CabinetRow, LampRow
from vocabulary.lighting import FULL_PCT, LampProgramme, expected_level_pct

TELLING_SHARE = 0.2
"""A meter good to two per cent tells of lamps that would draw this share of what it
shows, to a tenth of their own power; of fewer it tells nothing."""


@dataclass(frozen=True, slots=True)
class LightingNow:
    """All lamps of a city; columns of shape (n,), by ascending id.

    Attributes:
        lamps: What was read of each.
        state: `LampState`, what the meters settle included.
        is_settled: Whether only its cabinet's meter says so.
        level_pct: What its programme says.
    """

    lamps: Sequence[LampRow]
    state: NDArray[np.int8]
    is_settled: NDArray[np.bool_]
    level_pct: NDArray[np.float64]

    def group(self, ids: NDArray[np.int64]) -> dict[int, "GroupNow"]:
        """Return how the lamps of each group are, by the group's id.

        Args:
            ids: The group of each lamp, shape (n,).
        """
        return {
            int(of): _group(self.state[ids == of], self.is_settled[ids == of])
            for of in np.unique(ids)
        }

    def all(self) -> "GroupNow":
        """Return how all lamps are."""
        return _group(self.state, self.is_settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNow:
    """Some lamps.

    Attributes:
        lamps: How many there are.
        rate: How many of those that should be lit are.
        unheard: Should be lit, and nobody knows.
        unsure: Of which nobody can say what they should be, or that are unheard by day.
        settled: Not heard; their cabinet's meter says how they are.
    """

    lamps: int
    rate: LitRate
    unheard: int
    unsure: int
    settled: int


def lighting_now(
    lamps: Sequence[LampRow],
    cabinets: Sequence[CabinetRow],
    programmes: Mapping[str, LampProgramme],
    *,
    at_us: int,
    zone: ZoneInfo,
) -> LightingNow:
    """Return how every lamp is.

    Args:
        lamps: All of them.
        cabinets: All of them.
        programmes: By code.
        at_us: Now, by the journal's clock.
        zone: The city's.
    """
    level, known = expected_now(lamps, programmes, at_us=at_us, zone=zone)
    power_w = _column([lamp.power_w for lamp in lamps])
    state = lamp_states(level_pct=level, is_known=known, power_w=power_w)
    after = state.copy()
    meter_w = {cabinet.id: cabinet.power_w for cabinet in cabinets}
    cabinet_id = np.array([lamp.cabinet_id for lamp in lamps], np.int64)
    told_w = _column([lamp.rated_w for lamp in lamps]) * level / FULL_PCT
    for each in np.unique(cabinet_id[state == LampState.UNHEARD]):
        at = np.flatnonzero(cabinet_id == each)
        shown = meter_w.get(int(each))
        if shown is not None:
            after[at] = _by_meter(state[at], power_w[at], told_w[at], shown)
    return LightingNow(lamps, after, after != state, level)


def expected_now(
    lamps: Sequence[LampRow],
    programmes: Mapping[str, LampProgramme],
    *,
    at_us: int,
    zone: ZoneInfo,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the level each lamp should have and whether anybody can say.

    Returns:
        Per cent, and whether that is known; shape (n,) each.
    """
    level, known = np.zeros(len(lamps)), np.zeros(len(lamps), np.bool_)
    lon, lat = (np.array([at(lamp) for lamp in lamps]) for at in (_lon, _lat))
    of = np.array([lamp.programme for lamp in lamps], np.str_)
    for code in sorted(set(of.tolist()) & programmes.keys()):
        at = np.flatnonzero((of == code) & np.isfinite(lon))
        when = np.full(len(at), at_us, np.int64)
        level[at], known[at] = expected_level_pct(
            programmes[code], when, lon[at], lat[at], zone
        )
    return level, known


def _by_meter(
    state: NDArray[np.int8],
    power_w: NDArray[np.float64],
    told_w: NDArray[np.float64],
    meter_w: float,
) -> NDArray[np.int8]:
    """Return one cabinet's lamps, those unheard settled if its meter can tell."""
    unheard = state == LampState.UNHEARD
    missing_w = float(told_w[unheard].sum())  # NaN where a rating is not known
    heard_w = float(np.nansum(power_w))
    # Lamps that nobody can expect anything of may draw or not: then no meter tells.
    is_clear = not (np.isnan(power_w) & ~unheard).any()
    if not is_clear or not missing_w >= TELLING_SHARE * (heard_w + missing_w):
        return state
    return settled(state, rest_w=meter_w - heard_w, rated_w=missing_w)


def _group(state: NDArray[np.int8], is_settled: NDArray[np.bool_]) -> GroupNow:
    return GroupNow(
        lamps=len(state),
        rate=lit_rate(state),
        unheard=int((state == LampState.UNHEARD).sum()),
        unsure=int((state == LampState.UNSURE).sum()),
        settled=int(is_settled.sum()),
    )


def _column(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], float)


def _lon(lamp: LampRow) -> float:
    return lamp.lon


def _lat(lamp: LampRow) -> float:
    return lamp.lat
