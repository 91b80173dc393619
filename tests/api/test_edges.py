"""Edges as the API shows them: each ingest worker speaks for itself."""

from datetime import UTC, datetime, timedelta

from api.edges import GONE, Edges
from store.journal.body import edge_body
from store.journal.entries import Entry, Kind

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


def word(
    second: float, worker: str, *, up: bool, edge: str = "mqtt", gateway: str = ""
) -> Entry:
    body = edge_body(edge=edge, gateway=gateway, up=up, detail=worker, worker=worker)
    return Entry(0, 1, NOON + timedelta(seconds=second), Kind.EDGE, 0, body)


def tick(second: float, worker: str) -> Entry:
    at = NOON + timedelta(seconds=second)
    return Entry(0, 1, at, Kind.TICK, 0, worker.encode())


def shown(*entries: Entry) -> list[tuple[str, bool, str]]:
    edges = Edges()
    edges.hear(entries)
    return [(edge.edge, edge.up, edge.worker) for edge in edges.all()]


def test_an_edge_is_up_while_any_worker_says_so() -> None:
    both = word(0, "one", up=True), word(1, "two", up=True)
    assert shown(*both, word(2, "two", up=False)) == [("mqtt", True, "one")]
    down = word(3, "one", up=False)
    assert shown(*both, word(2, "two", up=False), down) == [("mqtt", False, "one")]


def test_a_worker_that_is_gone_has_no_say() -> None:
    late_s = GONE.total_seconds() + 1
    assert shown(word(0, "one", up=True), tick(late_s, "two")) == [
        ("mqtt", False, "one")
    ]
    words = word(0, "one", up=False), word(late_s, "two", up=True)
    assert shown(*words) == [("mqtt", True, "two")]


def test_of_a_gateway_itself_the_last_word_counts_whoever_heard_it() -> None:
    said = [
        word(n, worker, up=up, edge="gateway", gateway="GW-1")
        for n, (worker, up) in enumerate([("one", True), ("two", False)])
    ]
    edges = Edges()
    edges.hear(said)
    assert edges.down_gateways() == ["GW-1"]
