"""The ring is bounded, gives every block once, and says when it does not reach back."""

from hypothesis import given
from hypothesis import strategies as st

from api.blocks import Block
from api.ring import Ring

SIZES = st.lists(st.integers(1, 50), max_size=60)


def blocks(sizes: list[int], *, after: int = 0) -> list[Block]:
    return [
        Block(after + number, None, None, b"x" * size)
        for number, size in enumerate(sizes, start=1)
    ]


@given(sizes=SIZES, most=st.integers(1, 400))
def test_the_ring_never_holds_more_than_its_bound(sizes: list[int], most: int) -> None:
    ring = Ring(0, most_octets=most)
    for block in blocks(sizes):
        ring.push([block])
        assert ring.octets <= most
    assert ring.last == len(sizes)


@given(sizes=SIZES, most=st.integers(1, 400), start=st.integers(0, 60))
def test_what_the_ring_gives_is_whole_or_nothing(
    sizes: list[int], most: int, start: int
) -> None:
    ring = Ring(0, most_octets=most)
    ring.push(blocks(sizes))
    found = ring.after(start, most_octets=10_000)
    if found is not None:
        wanted = list(range(start + 1, len(sizes) + 1))
        assert [block.seq for block in found] == wanted


@given(sizes=SIZES, chunk=st.integers(1, 100))
def test_chunks_add_up_to_everything(sizes: list[int], chunk: int) -> None:
    ring = Ring(0)
    ring.push(blocks(sizes))
    heard: list[Block] = []
    while found := ring.after(len(heard), most_octets=chunk):
        assert len(found) == 1 or sum(len(block.octets) for block in found) <= chunk
        heard += found
    assert heard == blocks(sizes)


def test_a_journal_cut_off_below_us_starts_the_ring_anew() -> None:
    ring = Ring(0)
    ring.push(blocks([1, 1]))
    ring.push(blocks([1, 1], after=10))
    assert ring.after(1, most_octets=100) is None
    found = ring.after(10, most_octets=100)
    assert found is not None
    assert [block.seq for block in found] == [11, 12]
