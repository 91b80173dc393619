"""Write down what triage went by, so that it can be decided again."""

from rules.triage.record import record_of, record_written
from rules.worker.halting import BrokenPartError, Faults, part_of
from rules.worker.judging import Judged
from rules.worker.resume import Position
from store.connection import Connection
from store.rules.faults import FaultKind
from store.rules.triage_records import insert_record


async def note_triage(
    connection: Connection,
    before: Position,
    judged: Judged,
    faults: Faults,
    *,
    shard: int,
) -> None:
    """Write down what triage decided in a transaction, and had remembered before it.

    Args:
        connection: In the transaction.
        before: Where the worker stood before it.
        judged: What comes of its entries.
        faults: Takes it if this cannot be written; the decisions stand all the same.
        shard: Which journal.
    """
    if not judged.decisions:
        return
    try:
        async with part_of(connection):
            record = record_of(
                before.plan.layout,
                before.desk,
                judged.folded.transitions,
                judged.decisions,
                seqs=(before.state.seq, judged.folded.state.seq),
            )
            await insert_record(
                connection,
                after_seq=record.after_seq,
                until_seq=record.until_seq,
                body=record_written(record),
                shard=shard,
            )
    except BrokenPartError as broken:
        faults.add(FaultKind.TRIAGE, broken.reason)
