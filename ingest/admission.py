"""A connection at a gate: let in and counted until it ends, or hung up on."""

import asyncio
import logging

from ingest.gate import Gate, address_of

log = logging.getLogger(__name__)


def admit(gate: Gate, edge: str, name: str, writer: asyncio.StreamWriter) -> bool:
    """Let a connection in, or hang up on it; who is in must leave.

    Args:
        gate: Where it stands.
        edge: What the log calls the listener.
        name: Address and port of the other side.
        writer: The connection.
    """
    why_not = gate.enter(address_of(name))
    if not why_not:
        return True
    writer.transport.abort()
    count = gate.untold(asyncio.get_running_loop().time())
    if count:
        log.warning(
            "%s: turned away %s: %s (%d since last told)", edge, name, why_not, count
        )
    return False


def leave_after(task: asyncio.Task[None], gate: Gate, name: str) -> None:
    """Let a connection leave its gate once its task ends, however it does.

    Args:
        task: The connection's.
        gate: Who let it in.
        name: Address and port of the other side.
    """
    # Not in the task: one that is cancelled before it begins runs no clean-up.
    task.add_done_callback(lambda _: gate.leave(address_of(name)))
