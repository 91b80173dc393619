"""By what the worker judged, written down when it takes it and read back later."""

from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, source_from, source_pieces
from store.connection import Connection
from store.rules.plan_sources import SourceMark, broken_body, keep_source, source_at
from vocabulary.times import datetime_from_us


async def keep_plan(
    connection: Connection,
    plan: Plan,
    *,
    from_seq: int,
    at_us: int,
    shard: int,
    is_anew: bool = False,
    broken: Plan | None = None,
) -> None:
    """Write down that a plan judges from an entry on, if that is not known yet.

    Args:
        connection: In the transaction that takes it.
        plan: The plan.
        from_seq: The first entry it judges.
        at_us: Journal time, microseconds since 1970; of that entry if one broke on it.
        shard: Which journal.
        is_anew: Whether the engine has lost its state and begins with what stands.
        broken: The plan that broke on that entry, if one did.
    """
    mark = SourceMark(
        from_seq=from_seq,
        at=datetime_from_us(max(at_us, 0)),
        key=plan.key,
        is_anew=is_anew,
        has_broken=broken is not None,
    )
    await keep_source(
        connection,
        mark,
        source_pieces(plan.source),
        broken=None if broken is None else source_pieces(broken.source),
        shard=shard,
    )


async def past_source(
    connection: Connection, seq: int, *, shard: int = 0
) -> PlanSource | None:
    """Return by what an entry was judged; None if that was not kept.

    Raises:
        PlanSourceError: If this release cannot read it.
    """
    kept = await source_at(connection, seq, shard=shard)
    return None if kept is None else source_from(kept.body)


async def broken_source(
    connection: Connection, seq: int, *, shard: int = 0
) -> PlanSource | None:
    """Return what broke on an entry; None if that was not kept, or nothing did.

    Raises:
        PlanSourceError: If this release cannot read it.
    """
    body = await broken_body(connection, seq, shard=shard)
    return source_from(body) if body else None
