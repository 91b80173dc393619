"""What would have been beside what was. Pure.

An alarm is the same if rule, version, device, the sample's time and the entry that
raised it are; it is shifted if only the rule and the device are and both stood at one
time. Cases are the same if problem and subject are and both were open at one time.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from rules.backtest.lines import AlarmLine, CaseLine
from store.rules.backtest_read import FiledAlarm, FiledCase

END = datetime.max.replace(tzinfo=UTC)
"""When what stands ends."""


class Beside(StrEnum):
    """How something that would have been, or was, stands beside the other."""

    SAME = "same"
    SHIFTED = "shifted"  # the same matter, at another time, or as bad as another grade
    ONLY_NEW = "only_new"
    ONLY_LIVE = "only_live"


New = TypeVar("New")
Live = TypeVar("Live")


@dataclass(frozen=True, slots=True)
class Pair(Generic[New, Live]):
    """What would have been and what was; one of them may be missing.

    Attributes:
        new: What would have been.
        live: What was.
        beside: How they stand to each other.
    """

    new: New | None
    live: Live | None
    beside: Beside


AlarmPair = Pair[AlarmLine, FiledAlarm]
CasePair = Pair[CaseLine, FiledCase]


def alarm_pairs(
    new: Sequence[AlarmLine],
    live: Sequence[FiledAlarm],
    stretch: tuple[datetime, datetime],
    last_seq: int,
) -> list[AlarmPair]:
    """Return every alarm raised in a stretch, would-be and real ones side by side.

    Args:
        new: All that stood in the stretch, in their order.
        live: The same of those that were.
        stretch: From when to when.
        last_seq: The stretch's last entry: what real alarms did after it does not
            count. 0 if entries have other numbers than the real ones had.
    """
    by_moment = {_moment_of_live(each): each for each in live} if last_seq else {}
    pairs: list[AlarmPair] = []
    rest: list[AlarmLine] = []
    for each in new:
        found = by_moment.pop(_moment(each), None)
        if found is None:
            rest.append(each)
        else:
            is_same = _tail(each) == _tail_of_live(found, last_seq)
            beside = Beside.SAME if is_same else Beside.SHIFTED
            pairs.append(Pair(each, found, beside))
    others = list(by_moment.values()) if last_seq else list(live)
    pairs += _by_overlap(
        rest,
        others,
        key=lambda each: (each.new.rule, each.new.device_id),
        key_of_live=lambda each: (each.rule, each.device_id),
        lasts=lambda each: (each.new.raised_at, each.cleared_at or END),
        lasts_of_live=lambda each: (each.raised_at, each.cleared_at or END),
        beside=Beside.SHIFTED,
    )
    return [pair for pair in pairs if _is_within(_raised(pair), stretch)]


def case_pairs(
    new: Sequence[CaseLine],
    live: Sequence[FiledCase],
    stretch: tuple[datetime, datetime],
    rules: Iterable[str],
) -> list[CasePair]:
    """Return every case opened in a stretch, would-be and real ones side by side.

    Args:
        new: All that were open in the stretch, in their order.
        live: The same of those that were, of whatever rule.
        stretch: From when to when.
        rules: Of the real ones without a counterpart only those of these rules count.
    """
    pairs: list[CasePair] = _by_overlap(
        new,
        live,
        key=lambda each: each.key,
        key_of_live=lambda each: each.key,
        lasts=lambda each: (each.opened_at, each.closed_at or END),
        lasts_of_live=lambda each: (each.opened_at, each.closed_at or END),
        beside=Beside.SHIFTED,
    )
    codes = set(rules)
    return [
        _graded(pair)
        for pair in pairs
        if _is_within(_opened(pair), stretch)
        and (pair.live is None or pair.new is not None or pair.live.rule in codes)
    ]


def _graded(pair: CasePair) -> CasePair:
    new, live = pair.new, pair.live
    if new is None or live is None:
        return pair
    ours = (new.opened_at, new.measured_at, new.device_id, new.rule)
    theirs = (live.opened_at, live.measured_at, live.device_id, live.rule)
    return Pair(new, live, Beside.SAME if ours == theirs else Beside.SHIFTED)


def _by_overlap(
    new: Sequence[New],
    live: Sequence[Live],
    *,
    key: Callable[[New], Hashable],
    key_of_live: Callable[[Live], Hashable],
    lasts: Callable[[New], tuple[datetime, datetime]],
    lasts_of_live: Callable[[Live], tuple[datetime, datetime]],
    beside: Beside,
) -> list[Pair[New, Live]]:
    """Pair what is about the same and lasted at one time, each at most once."""
    waiting: dict[Hashable, list[Live]] = {}
    for real in live:
        waiting.setdefault(key_of_live(real), []).append(real)
    pairs: list[Pair[New, Live]] = []
    for each in new:
        start, end = lasts(each)
        among = waiting.get(key(each), [])
        at = next(
            (
                place
                for place, real in enumerate(among)
                if lasts_of_live(real)[0] <= end and lasts_of_live(real)[1] >= start
            ),
            None,
        )
        found = None if at is None else among.pop(at)
        pairs.append(Pair(each, found, Beside.ONLY_NEW if found is None else beside))
    pairs += [
        Pair(None, real, Beside.ONLY_LIVE) for rest in waiting.values() for real in rest
    ]
    return pairs


def _moment(each: AlarmLine) -> tuple[object, ...]:
    return each.new.moment


def _moment_of_live(each: FiledAlarm) -> tuple[object, ...]:
    return (
        each.rule,
        each.rule_version,
        each.device_id,
        each.raised_seq,
        each.measured_at,
    )


def _tail(each: AlarmLine) -> tuple[object, ...]:
    severity = each.severity if each.cleared_seq is not None else ""
    return (
        each.cleared_seq,
        severity,
        each.handling,
        each.new.value,
        each.new.threshold,
        each.case_id is None,
    )


def _tail_of_live(each: FiledAlarm, last_seq: int) -> tuple[object, ...]:
    is_over = each.cleared_seq is not None and each.cleared_seq <= last_seq
    return (
        each.cleared_seq if is_over else None,
        each.severity if is_over else "",
        each.handling,
        each.value,
        each.threshold,
        each.case_id is None,
    )


def _raised(pair: AlarmPair) -> datetime:
    if pair.new is not None:
        return pair.new.new.raised_at
    return END if pair.live is None else pair.live.raised_at


def _opened(pair: CasePair) -> datetime:
    if pair.new is not None:
        return pair.new.opened_at
    return END if pair.live is None else pair.live.opened_at


def _is_within(at: datetime, stretch: tuple[datetime, datetime]) -> bool:
    return stretch[0] <= at < stretch[1]
