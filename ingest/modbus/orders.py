"""Orders to the slaves of one gateway, and what came of each.

An order is carried out by the task that polls the gateway, since a line takes one
request at a time. It writes, then looks, again and again until the effect shows or has
had its time; between two looks the polling goes on. Two orders to one device are
carried out one after the other, so that each sees its own effect.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.protocols.register_write import WritePlan

MOST_WAITING = 256
"""Orders of one gateway that may wait; a cabinet has 64 lamps."""

LOOK_EVERY_S = 0.5
"""Pause between two looks for an effect."""


GIVE_UP_S = 60.0
"""An order that has begun has an outcome by then, though its line be gone."""


class Effect(StrEnum):
    """What came of an order."""

    SEEN = "seen"  # it was read back
    NOT_SEEN = "not-seen"  # written and acknowledged, but it does not show
    REFUSED = "refused"  # the device said no, by name
    NO_ANSWER = "no-answer"  # it may have been obeyed, or not
    NOT_TRIED = "not-tried"  # nothing was sent; worth another try later
    IMPOSSIBLE = "impossible"  # never worth another try


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order.

    Attributes:
        effect: In one word.
        detail: For people.
        values: What was read back, by name.
    """

    effect: Effect
    detail: str
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Order:
    """One order on its way.

    Attributes:
        unit_id: The slave.
        address: The device, as the registry names it.
        plan: What to write, and what must show.
        due_s: Not before this, seconds of the loop's clock.
        has_begun: Whether anything of it was sent.
        is_written: Whether all is written, so that what is left is to look.
        is_answered: Whether the slave acknowledged all of it.
        look_until_s: When the effect has had its time.
        silent_looks: How many looks got no answer.
        outcome: Set at its end.
    """

    unit_id: int
    address: str
    plan: WritePlan
    due_s: float = 0.0
    has_begun: bool = False
    is_written: bool = False
    is_answered: bool = True
    look_until_s: float = 0.0
    silent_looks: int = 0
    outcome: asyncio.Future[Outcome] = field(default_factory=asyncio.Future)

    def end(self, effect: Effect, detail: str, **values: float) -> None:
        """Tell whoever gave it, unless they gave it up."""
        if not self.outcome.done():
            self.outcome.set_result(Outcome(effect, detail, values))


class ModbusOrders:
    """The orders of one gateway, oldest first; bounded."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        """Hold none yet.

        Args:
            most_waiting: How many may wait.
        """
        self._most_waiting = most_waiting
        self._waiting: list[Order] = []
        self._changed = asyncio.Event()

    async def put(
        self, plan: WritePlan, *, unit_id: int, address: str, wait_s: float
    ) -> Outcome:
        """Give one order and wait for its end.

        Args:
            plan: What to write, and what must show.
            unit_id: The slave.
            address: The device, as the registry names it.
            wait_s: How long it may wait for its turn. One that waited longer is never
                carried out; one that has begun is waited for.
        """
        if len(self._waiting) >= self._most_waiting:
            return Outcome(
                Effect.NOT_TRIED, f"{self._most_waiting} orders wait already"
            )
        order = Order(unit_id, address, plan)
        self._waiting.append(order)
        self._changed.set()
        try:
            return await self._end_of(order, wait_s)
        finally:
            order.outcome.cancel()  # whoever gave it up does not want it done later
            self._drop(order)

    async def next(self, until_s: float) -> Order | None:
        """Return the order that is due, or None once it is `until_s` and none is.

        Args:
            until_s: Seconds of the loop's clock.
        """
        loop = asyncio.get_running_loop()
        while True:
            ready = self._ready()
            if ready is not None and ready.due_s <= loop.time():
                return ready
            wake_s = min(until_s, ready.due_s) if ready else until_s
            if until_s <= loop.time():
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout_at(wake_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def now(self) -> Order | None:
        """Return the order that is due now, if there is one."""
        ready = self._ready()
        is_due = ready and ready.due_s <= asyncio.get_running_loop().time()
        return ready if is_due else None

    async def _end_of(self, order: Order, wait_s: float) -> Outcome:
        done, _ = await asyncio.wait([order.outcome], timeout=wait_s)
        if not done and not order.has_begun:
            return Outcome(Effect.NOT_TRIED, f"it had no turn in {wait_s:g} s")
        if not done:
            left_s = order.plan.within_s + GIVE_UP_S
            done, _ = await asyncio.wait([order.outcome], timeout=left_s)
        if not done:
            return Outcome(Effect.NO_ANSWER, "the line went away while it was looked")
        return order.outcome.result()

    def _ready(self) -> Order | None:
        """Return who is due first, but of each device only its oldest order."""
        oldest: dict[str, Order] = {}
        for order in self._waiting:
            if not order.outcome.done():
                oldest.setdefault(order.address, order)
        return min(oldest.values(), key=lambda order: order.due_s, default=None)

    def _drop(self, order: Order) -> None:
        if order in self._waiting:
            self._waiting.remove(order)
        self._changed.set()
