"""Ways to misbehave: driving where one may not, standing about, driving too fast.

All leave the beat where it is at some second and meet it again later, so that nothing
after them has moved.
"""

import math
from collections.abc import Callable, Collection

import numpy as np

from simulators.beats import Beat
from simulators.motion import Moment, Motion, along, piece, without_repeats
from simulators.plane import Line
from simulators.streets import Streets, Ways, line_of, way_to, ways_from

TRANSIT_KMH = 32.0
"""How fast a vehicle goes where it has no work."""

LONGEST_WAY_S = 900
"""No outing is longer on its way; if the streets ask for more there is none."""


def unrolled_m(beat: Beat, second: float) -> float:
    """Return the metres driven since second 0, over all rounds."""
    rounds, within = divmod(second, beat.round_s)
    return rounds * beat.motion.length_m + beat.motion.travelled(within)


def speeding(beat: Beat, *, start_s: float, for_s: float, speed_kmh: float) -> Motion:
    """Drive the beat too fast for a while, then stand until the beat comes along."""
    length = beat.motion.length_m
    first = unrolled_m(beat, start_s)
    last = first + for_s * speed_kmh / 3.6
    rounds, within = divmod(last, length)
    meets = rounds * beat.round_s + float(
        np.interp(within, beat.motion.travelled_m, beat.motion.at_s)
    )
    offset = first % length
    return Motion(
        beat.motion.line,
        beat.motion.along_m,
        np.array([start_s, start_s + for_s, max(meets, start_s + for_s + 1)]),
        np.array([offset, offset + last - first, offset + last - first]),
    )


def standing(beat: Beat, *, start_s: float, for_s: float) -> Motion:
    """Stand on the beat until it has come by as often as `for_s` asks for."""
    rounds = math.ceil(for_s / beat.round_s)
    here_m = unrolled_m(beat, start_s) % beat.motion.length_m
    return Motion(
        beat.motion.line,
        beat.motion.along_m,
        np.array([start_s, start_s + rounds * beat.round_s]),
        np.array([here_m, here_m]),
    )


def outing(
    streets: Streets,
    beat: Beat,
    goals: Collection[int],
    *,
    start_s: float,
    stay_s: float,
    allowed: Collection[int],
    speed_kmh: float = TRANSIT_KMH,
) -> Motion | None:
    """Drive to the nearest goal by the shortest way, stay, and return to the beat.

    Args:
        streets: The network.
        beat: What is left, and met again.
        goals: Nodes.
        start_s: When.
        stay_s: For how long at least.
        allowed: Stretches that may be used.
        speed_kmh: How fast on the way.

    Returns:
        The motion, or None where no street leads to a goal in time.
    """
    left_m = unrolled_m(beat, start_s) % beat.motion.length_m
    next_node = int(np.searchsorted(beat.node_m, left_m))
    ways = ways_from(streets, beat.nodes[next_node], allowed=allowed)
    goal = _nearest(ways, goals)
    if goal is None:
        return None
    out = np.concatenate(
        (
            piece(beat.motion, left_m, float(beat.node_m[next_node])),
            line_of(streets, ways.start, way_to(streets, ways, goal)),
        )
    )
    back_ways = ways_from(streets, goal, allowed=allowed)
    metres_a_second = speed_kmh / 3.6
    out_m = _length(out)
    for takes_s in range(round(stay_s), round(stay_s) + LONGEST_WAY_S, 10):
        back = _back(streets, beat, back_ways, start_s + takes_s)
        back_m = _length(back)
        arrive_s, leave_s = out_m / metres_a_second, takes_s - back_m / metres_a_second
        if leave_s - arrive_s >= stay_s:
            line = without_repeats(np.concatenate((out, back)))
            at_s = start_s + np.array([0.0, arrive_s, leave_s, takes_s])
            return Motion(
                line, along(line), at_s, np.array([0, out_m, out_m, out_m + back_m])
            )
    return None


def window(motion: Motion, is_there: Callable[[Moment], bool]) -> tuple[float, float]:
    """Return the first and the last second at which a motion is where it counts."""
    seconds = [
        float(second)
        for second in np.arange(motion.at_s[0], motion.at_s[-1], 1.0)
        if is_there(motion.moment(second))
    ]
    return seconds[0], seconds[-1]


def _nearest(ways: Ways, goals: Collection[int]) -> int | None:
    reached = [node for node in goals if math.isfinite(ways.metres[node])]
    return min(reached, key=lambda node: ways.metres[node], default=None)


def _back(streets: Streets, beat: Beat, ways: Ways, second: float) -> Line:
    meet_m = unrolled_m(beat, second) % beat.motion.length_m
    node = int(np.searchsorted(beat.node_m, meet_m, side="right")) - 1
    way = way_to(streets, ways, beat.nodes[node])
    return np.concatenate(
        (
            line_of(streets, ways.start, way),
            piece(beat.motion, float(beat.node_m[node]), meet_m),
        )
    )


def _length(line: Line) -> float:
    return float(along(line)[-1])
