"""Which late samples are looked at together, and from when to when. Pure.

    late samples     x  x        x                         x
    reaches        |-------||---------|                 |-----|
    looked at      |------- one ------|                 |other|

A sample reaches so far before and after itself as its rule looks. Where that of two
meets they are looked at together, however far apart they came, and a correction that
stands belongs to the late samples it was found with, up to where its alarm ends. So
what is looked at last is the same in whatever batches and order the samples came.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far late samples reach, microseconds.

    Attributes:
        before_us: Before each.
        after_us: After each.
        most_us: From the first to the last that are looked at together at most; what
            lies further back is left as it is.
    """

    before_us: int
    after_us: int
    most_us: int


@dataclass(frozen=True, slots=True)
class Held:
    """A correction that stands, as far as it binds late samples together.

    Attributes:
        late_us: Times of the late samples it was found with, ascending; at least one.
        begin_us: When its alarm begins.
        end_us: When that ends; None while nobody knows.
    """

    late_us: Sequence[int]
    begin_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """Late samples that are looked at together.

    Attributes:
        late_us: Their times, ascending.
        since_us: From when.
        until_us: Up to when.
    """

    late_us: tuple[int, ...]
    since_us: int
    until_us: int

    def owns(self, held: Held) -> bool:
        """Tell whether a correction is about these late samples, and within sight."""
        is_of = not set(self.late_us).isdisjoint(held.late_us)
        return is_of and held.begin_us >= self.since_us


def looks_at(
    due_us: AbstractSet[int],
    known_us: AbstractSet[int],
    standing: Sequence[Held],
    reach: Reach,
    *,
    at_us: int,
) -> list[Look]:
    """Return what is to be looked at because of late samples, in its order.

    Args:
        due_us: Times of those that nobody has looked at.
        known_us: Times of those that were looked at before.
        standing: Corrections that stand.
        reach: How far each reaches.
        at_us: Now; nothing is known of later.
    """
    every = {*due_us, *known_us, *(one for held in standing for one in held.late_us)}
    spans = [(one - reach.before_us, one + reach.after_us) for one in every]
    spans += [_span(held, reach, at_us) for held in standing]
    looks = (_look(span, every, reach, at_us) for span in _merged(spans))
    return [look for look in looks if not due_us.isdisjoint(look.late_us)]


def looks_on(
    look: Look, known_us: AbstractSet[int], reach: Reach, *, at_us: int
) -> Look | None:
    """Return a longer look, for what does not end within it; None if it is at its end.

    Args:
        look: What was looked at.
        known_us: Times of all late samples that are known.
        reach: How far each reaches.
        at_us: Now.
    """
    lasts_us = look.until_us - look.since_us
    if look.until_us >= at_us or lasts_us > reach.most_us:
        return None
    until_us = min(look.until_us + lasts_us, at_us)
    more = {one for one in known_us if look.since_us <= one <= until_us}
    return replace(look, late_us=tuple(sorted(more)), until_us=until_us)


def _span(held: Held, reach: Reach, at_us: int) -> tuple[int, int]:
    end_us = at_us if held.end_us is None else held.end_us
    last_us = max(end_us, held.late_us[-1])
    return held.late_us[0] - reach.before_us, last_us + reach.after_us


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for since_us, until_us in sorted(spans):
        if found and since_us <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until_us))
        else:
            found.append((since_us, until_us))
    return found


def _look(
    span: tuple[int, int], every: Iterable[int], reach: Reach, at_us: int
) -> Look:
    late_us = sorted(one for one in every if span[0] <= one <= span[1])
    first_us = max(late_us[0], late_us[-1] - reach.most_us)
    kept = tuple(one for one in late_us if one >= first_us)
    return Look(kept, first_us - reach.before_us, min(span[1], at_us))
