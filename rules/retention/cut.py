"""Where the journal is cut: what is old goes, unless somebody still needs it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """Somebody needs a journal from an entry on.

    Attributes:
        who: A consumer's name, or in words.
        shard: Which journal.
        from_seq: The first entry that it needs.
    """

    who: str
    shard: int
    from_seq: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a journal is cut.

    Attributes:
        shard: Which journal.
        keep_seq: The first entry that stays.
        holding: Who needs what is old, those that need most first.
    """

    shard: int
    keep_seq: int
    holding: tuple[Need, ...]


def cut_of(shard: int, young_seq: int, needs: Iterable[Need]) -> Cut:
    """Return where a journal is cut.

    Args:
        shard: Which.
        young_seq: The first entry that is not old.
        needs: What anybody needs of any journal.
    """
    holding = sorted(
        (need for need in needs if need.shard == shard and need.from_seq < young_seq),
        key=lambda need: (need.from_seq, need.who),
    )
    keep_seq = holding[0].from_seq if holding else young_seq
    return Cut(shard, keep_seq, tuple(holding))
