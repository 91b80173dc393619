"""The newest blocks of the stream, shared by all who listen; bounded by octets.

Each listener has a number into it and no queue of its own: a slow one costs nothing,
and one that falls out of the ring is told so by `None` and reads the journal.
"""

from collections.abc import Iterable

from api.blocks import Block


class Ring:
    """Blocks of consecutive numbers, the oldest forgotten first.

    Args:
        last: The number of the newest entry before the first block.
        most_octets: Bound of all blocks together.
        most_blocks: Bound of how many there are.
    """

    def __init__(
        self, last: int, *, most_octets: int = 32_000_000, most_blocks: int = 50_000
    ) -> None:
        self._blocks: dict[int, Block] = {}
        self._first = last + 1
        self._last = last
        self._octets = 0
        self._most_octets = most_octets
        self._most_blocks = most_blocks

    @property
    def last(self) -> int:
        """The number of the newest block."""
        return self._last

    @property
    def octets(self) -> int:
        """What all blocks together take."""
        return self._octets

    def push(self, blocks: Iterable[Block]) -> None:
        """Take in new blocks, oldest first, and forget what is too much."""
        for block in blocks:
            if block.seq != self._last + 1:
                # The journal was dropped below us while the database was away.
                self._blocks.clear()
                self._first, self._octets = block.seq, 0
            self._blocks[block.seq] = block
            self._last = block.seq
            self._octets += len(block.octets)
        while self._is_over():
            self._octets -= len(self._blocks.pop(self._first).octets)
            self._first += 1

    def after(self, seq: int, *, most_octets: int) -> list[Block] | None:
        """Return blocks after number `seq`, oldest first.

        Args:
            seq: The last number that the listener knows.
            most_octets: Where to stop; at least one block is returned.

        Returns:
            Nothing if there is nothing newer; None if the ring does not reach back.
        """
        if seq + 1 < self._first:
            return None
        found: list[Block] = []
        room = most_octets
        for number in range(seq + 1, self._last + 1):
            block = self._blocks[number]
            room -= len(block.octets)
            if found and room < 0:
                break
            found.append(block)
        return found

    def _is_over(self) -> bool:
        return bool(self._blocks) and (
            self._octets > self._most_octets or len(self._blocks) > self._most_blocks
        )
