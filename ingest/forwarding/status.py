"""What a gateway says of itself: its retained status, with its health: pure.

{"up": true, "at": T,
 "queue": {"messages": 12, "octets": 4711, "oldest_at": T, "full": false,
           "next_seq": 93114},
 "plan": {"digest": "1f0c…", "source": "upstream"},
 "refused_plan": {"digest": "77aa…", "problems": ["CAB-1: unit 1 stands twice"]},
 "faults": {"modbus CAB-1": "no Modbus link to 192.168.1.10:502"},
 "unreadable": {"bad-checksum": 3},
 "load_pct": 4.0, "disk_free_mb": 51234}
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from ingest.forwarding.orders import Orders
from ingest.forwarding.queue_file import Depth
from ingest.protocols.gezhi_json import StatusMessage
from vocabulary.times import datetime_from_us


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits for the broker.

    Attributes:
        messages: How many.
        octets: How much room they take, about.
        oldest_at: When the oldest was made; None if none waits.
        full: Whether edges had to stop reading for want of room.
        next_seq: What the next message will be numbered.
    """

    messages: int
    octets: int
    oldest_at: datetime | None
    full: bool
    next_seq: int


class PlanStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The plan that is followed.

    Attributes:
        digest: First digits of its SHA-256.
        source: `file` or `upstream`.
    """

    digest: str
    source: str


class RefusedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is not followed.

    Attributes:
        digest: First digits of its SHA-256.
        problems: Why not, all of it.
    """

    digest: str
    problems: tuple[str, ...]


class GatewayStatus(StatusMessage, frozen=True, kw_only=True):
    """A status with the gateway's health; see the top of this file.

    Attributes:
        queue: What waits.
        plan: What is followed.
        refused_plan: The last one from upstream, if it was refused.
        faults: What cannot be polled or listened to, and why.
        unreadable: Messages of devices that no edge could read, by reason, since the
            start.
        load_pct: Load of the last minute, of all cores.
        disk_free_mb: Megabytes free where the queue is.
    """

    queue: QueueStatus
    plan: PlanStatus
    refused_plan: RefusedPlan | None = None
    faults: Mapping[str, str] = {}
    unreadable: Mapping[str, int] = {}
    load_pct: float
    disk_free_mb: int


def queue_status(depth: Depth, *, is_full: bool) -> QueueStatus:
    """Return how much waits."""
    oldest_us = depth.oldest_us
    return QueueStatus(
        messages=depth.messages,
        octets=depth.octets,
        oldest_at=None if oldest_us is None else datetime_from_us(oldest_us),
        full=is_full,
        next_seq=depth.next_seq,
    )


def plan_status(orders: Orders) -> PlanStatus:
    """Return which plan is followed."""
    return PlanStatus(digest=orders.order.digest, source=orders.order.source.value)


def refused_plan(orders: Orders) -> RefusedPlan | None:
    """Return which plan is not, if one was refused."""
    refused = orders.refused
    if refused is None:
        return None
    return RefusedPlan(digest=refused.digest, problems=refused.problems)
