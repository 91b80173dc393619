"""The measures as plain loops over the samples of one device: slow, easy to believe."""

from collections.abc import Sequence
from datetime import datetime
from statistics import mean, median
from zoneinfo import ZoneInfo

from rules.measures.count import CountSettings
from rules.measures.deviation import DeviationSettings
from rules.measures.rate import RateSettings
from rules.measures.spread import SpreadSettings
from rules.measures.stuck import StuckSettings

S = 1_000_000
Sample = tuple[int, float]  # microseconds, value
Found = list[float | None]


def window(
    samples: Sequence[Sample], end: int, window_s: float, most: int
) -> list[Sample]:
    """Return those of the newest few up to sample `end` that lie in its window."""
    newest = samples[max(0, end + 1 - most) : end + 1]
    return [s for s in newest if s[0] >= samples[end][0] - window_s * S]


def rate(samples: Sequence[Sample], asked: RateSettings) -> Found:
    found: Found = []
    for end, (at, value) in enumerate(samples):
        first_at, first = window(samples, end, asked.window_s, asked.capacity)[0]
        apart = at - first_at
        is_far = apart > 0 and 2 * apart >= asked.window_s * S
        found.append((value - first) * 60 * S / apart if is_far else None)
    return found


def spread(samples: Sequence[Sample], asked: SpreadSettings) -> Found:
    found: Found = []
    since = 0
    for end, (at, _) in enumerate(samples):
        if end == 0 or at - samples[end - 1][0] > asked.gap_s * S:
            since = at
        values = [v for _, v in window(samples, end, asked.window_s, asked.capacity)]
        is_seen = at - since >= asked.window_s * S if asked.whole else len(values) > 1
        found.append(max(values) - min(values) if is_seen else None)
    return found


def stuck(samples: Sequence[Sample], asked: StuckSettings) -> Found:
    found: Found = []
    anchor, still = samples[0][1], 0
    for end, (at, value) in enumerate(samples):
        step = at - samples[end - 1][0] if end else 0
        if abs(value - anchor) > asked.tolerance:
            anchor, still = value, 0
        elif step <= asked.gap_s * S:
            still += step
        found.append(still / S)
    return found


def count(samples: Sequence[Sample], asked: CountSettings) -> Found:
    found: Found = []
    went: list[int] = []
    was: bool | None = None
    for at, value in samples:
        edge = asked.release if was else asked.limit
        beyond = value >= edge if asked.is_above else value <= edge
        if beyond and was is False:
            went.append(at)
        was = beyond
        recent = [w for w in went if w >= at - asked.window_s * S]
        found.append(float(min(len(recent), asked.capacity)))
    return found


def deviation(samples: Sequence[Sample], asked: DeviationSettings) -> Found:
    found: Found = []
    zone = ZoneInfo(asked.time_zone)
    hours: list[tuple[int, int, list[float]]] = []
    for at, value in samples:
        wall = datetime.fromtimestamp(at // S, zone)
        today = wall.date().toordinal()
        if not hours or hours[-1][:2] != (today, wall.hour):
            hours.append((today, wall.hour, []))
        hours[-1][2].append(value)
        means = [
            mean(mean(values) for day, hour, values in hours if (day, hour) == each)
            for each in {
                (day, hour)
                for day, hour, _ in hours
                if hour == wall.hour and today - asked.days <= day < today
            }
        ]
        if len(means) < asked.least_days:
            found.append(None)
            continue
        middle = median(means)
        scatter = 1.4826 * median(abs(m - middle) for m in means)
        found.append((value - middle) / max(scatter, asked.least_scatter))
    return found
