"""One step of an order: write it all, or look once whether its effect shows.

The caller asks no slave while a step runs, and polls on between two.
"""

import asyncio
from dataclasses import dataclass

from ingest.modbus.link import ExceptionAnswerError, ModbusLink, SilenceError
from ingest.modbus.orders import LOOK_EVERY_S, Effect, Order
from ingest.protocols.register_write import shown

MOST_SILENT_LOOKS = 3
"""So many time-outs an order may cost the line after its write."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The slave said nothing, or its gateway said that it is not there.

    Attributes:
        why: For people.
        may_come_late: Whether an answer may still be on its way.
    """

    why: str
    may_come_late: bool


async def carry_on(link: ModbusLink, order: Order) -> Silence | None:
    """Do the next step of an order; return a silence of its slave, if there was one."""
    was_written = order.is_written
    try:
        if was_written:
            await _look(link, order)
        else:
            await _write(link, order)
    except ExceptionAnswerError as error:
        if error.is_absence:
            order.end(Effect.NO_ANSWER, str(error))
            return Silence(str(error), may_come_late=False)
        _be_refused(order, error)
    except SilenceError as error:
        if was_written:
            note_silent_look(order, str(error))
        return Silence(str(error), may_come_late=True)
    return None


def _be_refused(order: Order, error: ExceptionAnswerError) -> None:
    now_s = asyncio.get_running_loop().time()
    if not order.is_written:
        order.end(Effect.REFUSED, str(error))
    elif now_s < order.look_until_s:
        order.due_s = now_s + LOOK_EVERY_S
    else:
        order.end(Effect.NO_ANSWER, f"written, but cannot be read back: {error}")


async def _write(link: ModbusLink, order: Order) -> None:
    order.has_begun = True
    for number, request in enumerate(order.plan.requests, 1):
        try:
            await link.write(request)
        except SilenceError as error:
            if number < len(order.plan.requests):
                order.end(Effect.NO_ANSWER, f"write {number}: {error}")
            else:
                # It may have been obeyed all the same; a look will tell.
                order.is_answered = False
                _look_next(order, after_s=LOOK_EVERY_S)
            raise
    _look_next(order, after_s=0)


def _look_next(order: Order, *, after_s: float) -> None:
    now_s = asyncio.get_running_loop().time()
    order.is_written = True
    order.due_s = now_s + after_s
    order.look_until_s = now_s + order.plan.within_s


async def _look(link: ModbusLink, order: Order) -> None:
    blocks = list(dict.fromkeys(one.block for one in order.plan.expected))
    answers = {block: await link.read(block, unit_id=order.unit_id) for block in blocks}
    there = shown(order.plan, answers)
    now_s = asyncio.get_running_loop().time()
    if there.is_as_wished:
        order.end(Effect.SEEN, _said(order, "its effect was read back"), **there.values)
    elif now_s < order.look_until_s:
        order.due_s = now_s + LOOK_EVERY_S
    else:
        effect = Effect.NOT_SEEN if order.is_answered else Effect.NO_ANSWER
        detail = f"it does not show after {order.plan.within_s:g} s"
        order.end(effect, _said(order, detail), **there.values)


def _said(order: Order, detail: str) -> str:
    return detail if order.is_answered else f"the write was not answered; {detail}"


def note_silent_look(order: Order, why: str) -> None:
    """Look again a little later, or not any more."""
    order.silent_looks += 1
    order.due_s = asyncio.get_running_loop().time() + LOOK_EVERY_S
    if order.silent_looks >= MOST_SILENT_LOOKS:
        order.end(Effect.NO_ANSWER, _said(order, f"silent when looked at: {why}"))
