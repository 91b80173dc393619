"""The platform and the city in figures: the numbers at the top of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer
from api.edges import Edge
from api.parts import Database, Held
from store.cases.read import SeverityCount, open_counts
from store.registry.read import StateColumns, StateCount, state_counts, states
from store.telemetry.read import journal_head

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KindHealth:
    """How the devices of one kind are.

    Unknown is neither ok nor bad, so the share that is ok is a range.

    Attributes:
        kind: The kind of device.
        total: How many there are.
        ok: Healthy and heard.
        bad: Under a standing alarm.
        unknown: Not heard.
        ok_share_low: Share that is ok for certain.
        ok_share_high: Share that is not known to be bad.
    """

    kind: str
    total: int
    ok: int
    bad: int
    unknown: int
    ok_share_low: float
    ok_share_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The platform and the city in figures.

    Attributes:
        seq: Number of the newest journal entry: a stream from here misses nothing.
        heard_at: That entry's time: what the platform's own clock stands at.
        now: Our clock.
        devices: By kind.
        cases: Open ones, by severity.
        edges: Links to the city, as the journal told of them last.
        listeners: Live streams of this process.
    """

    seq: int
    heard_at: datetime
    now: datetime
    devices: Sequence[KindHealth]
    cases: Sequence[SeverityCount]
    edges: Sequence[Edge]
    listeners: int


@router.get("/health", response_model=Health)
async def health(parts: Held, database: Database, caller: Viewer) -> Response:
    """Show how many devices and cases are how; unknown is counted apart."""
    head = await journal_head(database)
    down = parts.live.edges.down_gateways()
    counts = await state_counts(database, down_gateways=down)
    return answer(
        Health(
            seq=head.seq,
            heard_at=head.received_at,
            now=parts.clock(),
            devices=[_kind_health(count) for count in counts],
            cases=await open_counts(database, scope=caller.unit_id),
            edges=parts.live.edges.all(),
            listeners=parts.live.listeners,
        )
    )


@router.get("/states", response_model=StateColumns)
async def list_states(parts: Held, database: Database, _: Viewer) -> Response:
    """Show the state of every device as columns: small enough to be asked often."""
    down = parts.live.edges.down_gateways()
    return answer(await states(database, down_gateways=down))


def _kind_health(count: StateCount) -> KindHealth:
    total = count.ok + count.bad + count.unknown
    return KindHealth(
        kind=count.kind,
        total=total,
        ok=count.ok,
        bad=count.bad,
        unknown=count.unknown,
        ok_share_low=round(count.ok / total, 4),
        ok_share_high=round((count.ok + count.unknown) / total, 4),
    )
