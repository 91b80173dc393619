"""The Modbus edge: one task asks the slaves of one gateway, in turn, for good.

Who is asked next is decided by `modbus_schedule`, what by `modbus_plan`, what an answer
means by `protocols.register_map`; this file waits. An order (`modbus_orders`) goes
before the next block, one order a block: neither can starve the other. EDGE entries
tell when the link is lost and when it is back, and only then: a connection dropped on
purpose after a time-out and made again at once is no absence.
"""

import asyncio
import itertools
import logging
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ingest.arrival import Arrival, EdgeChange, named_readings
from ingest.inbox import Inbox
from ingest.modbus.carry import Silence, carry_on, note_silent_look
from ingest.modbus.link import (
    BY_SHAPE,
    ExceptionAnswerError,
    ModbusLink,
    SilenceError,
)
from ingest.modbus.orders import Effect, ModbusOrders, Order
from ingest.modbus.plan import Slave, plan_of
from ingest.modbus.schedule import Turn, answered, missed, next_turn
from ingest.protocols.errors import ProtocolError
from ingest.protocols.register_layout import Block
from ingest.protocols.register_map import decode
from ingest.quarantine.refused import refusal_of
from vocabulary.device import Device, Gateway
from vocabulary.reading import Reading
from vocabulary.times import Clock

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
"""How long a slave may take to answer, and a gateway to connect."""

EDGE = "modbus"
"""What EDGE entries of the journal call this edge."""

_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 30.0


async def poll_gateway(
    gateway: Gateway,
    devices: Sequence[Device],
    *,
    inbox: Inbox,
    clock: Clock,
    timeout_s: float = TIMEOUT_S,
    orders: ModbusOrders | None = None,
) -> None:
    """Ask a gateway's slaves until cancelled, and carry out orders to them.

    A full inbox stops the asking.

    Args:
        gateway: Where to connect, and the framing.
        devices: The gateway's devices; each slave is asked as often as the most
            demanding of its devices expects.
        inbox: Where readings, refusals and changes of the link go.
        clock: Tells the time of each answer.
        timeout_s: How long a slave may take to answer.
        orders: What the slaves are told; none if left out.
    """
    # Each of its complaints reaches us as an exception; we say it once, not each time.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    plan = plan_of(devices)
    for fault in plan.faults:
        log.error("%s: %s", gateway.code, fault)
    if not plan.slaves:
        log.warning("%s: nothing to ask", gateway.code)
        return
    try:
        link = ModbusLink(gateway, timeout_s=timeout_s)
    except ValueError as error:
        log.error("%s: %s", gateway.code, error)  # noqa: TRY400 (the registry's fault)
        return
    line = _Line(gateway, link, inbox, clock, orders or ModbusOrders())
    try:
        while True:
            await _bring_up(line)
            await _ask_in_turn(line, plan.slaves)
    finally:
        link.close()


Answers: TypeAlias = dict[Block, Sequence[int]]
"""What a slave answered, by request."""


@dataclass(slots=True)
class _Line:
    """One gateway's connection and what is known of it."""

    gateway: Gateway
    link: ModbusLink
    inbox: Inbox
    clock: Clock
    orders: ModbusOrders
    is_known_up: bool | None = None  # what the journal was told last
    turns: dict[int, Turn] = field(default_factory=dict)
    rounds: Counter[int] = field(default_factory=Counter)  # asked so far, by unit
    factors: dict[int, Answers] = field(default_factory=dict)  # last heard, by unit
    last_silence_s: float = float("-inf")

    async def tell(self, *, up: bool, detail: str) -> None:
        """Let the journal know, if it does not yet."""
        if self.is_known_up is up:
            return
        self.is_known_up = up
        log.log(
            logging.INFO if up else logging.WARNING, "%s: %s", self.gateway.code, detail
        )
        change = EdgeChange(
            edge=EDGE,
            gateway=self.gateway.code,
            up=up,
            detail=detail,
            at=self.clock(),
        )
        await self.inbox.put(change)


async def _bring_up(line: _Line) -> None:
    """Connect, however long it takes."""
    where = line.link.where
    for failures in itertools.count():
        if await line.link.connect():
            await line.tell(up=True, detail=f"connected to {where}")
            return
        await line.tell(up=False, detail=f"no Modbus link to {where}")
        await asyncio.sleep(_retry_s(failures))
        line.turns.clear()  # a line that was cut and is back: all are asked afresh


def _retry_s(failures: int) -> float:
    wait_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, hides nothing)


async def _ask_in_turn(line: _Line, slaves: Sequence[Slave]) -> None:
    """Ask until the link cannot be made anew."""
    loop = asyncio.get_running_loop()
    by_unit = {slave.unit_id: slave for slave in slaves}
    for slave in slaves:
        first = Turn(
            unit_id=slave.unit_id, interval_s=slave.interval_s, due_s=loop.time()
        )
        line.turns.setdefault(slave.unit_id, first)
    while True:
        turn = next_turn(line.turns.values(), last_silence_s=line.last_silence_s)
        order = await line.orders.next(turn.due_s)
        # Many gateways hang up on who is quiet for a while; that is no silence.
        if not line.link.is_up and not await line.link.connect():
            return
        if order and not await _carry_on(line, by_unit, order):
            return
        turn = line.turns[turn.unit_id]
        if turn.due_s > loop.time():
            continue
        is_sound = await _ask(line, by_unit, turn)
        if not is_sound and not await line.link.connect():
            return


async def _carry_on(line: _Line, by_unit: Mapping[int, Slave], order: Order) -> bool:
    """Do a step of an order; return whether there still is a link."""
    now_s = asyncio.get_running_loop().time()
    turn, slave = line.turns.get(order.unit_id), by_unit.get(order.unit_id)
    if turn is None or slave is None:
        order.end(Effect.NOT_TRIED, f"unit {order.unit_id} is not polled")
        return True
    if turn.misses and turn.due_s > now_s and not order.has_begun:
        wait_s = turn.due_s - now_s
        detail = f"unit {turn.unit_id} is silent, asked again in {wait_s:.0f} s"
        order.end(Effect.NOT_TRIED, detail)
        return True
    try:
        await _sound_out(line, slave, turn)
        silence = await carry_on(line.link, order)
    except SilenceError as error:
        silence = Silence(str(error), may_come_late=True)
        if order.has_begun:
            note_silent_look(order, str(error))
        else:
            order.end(Effect.NOT_TRIED, str(error))
    if silence is None:
        return True
    _note_silence(line, turn, silence.why)
    return not silence.may_come_late or await line.link.connect()


async def _sound_out(line: _Line, slave: Slave, turn: Turn) -> None:
    """See that no late answer of a slave that was silent is still to come.

    Raises:
        SilenceError: If it still is.
    """
    if turn.misses and line.gateway.transport in BY_SHAPE:
        await line.link.probe(slave.probe)


async def _ask(line: _Line, by_unit: Mapping[int, Slave], turn: Turn) -> bool:
    """Ask one slave; return whether the link is still beyond doubt."""
    asked_s = asyncio.get_running_loop().time()
    slave = by_unit[turn.unit_id]
    round_ = await _ask_blocks(line, by_unit, turn)
    if round_.answers or round_.refused:
        await _hand_on(line, slave, round_)
    line.rounds[turn.unit_id] += 1
    if round_.silence:
        _note_silence(line, turn, round_.silence)
    else:
        if turn.misses:
            log.info("%s: unit %d answers again", line.gateway.code, turn.unit_id)
        line.turns[turn.unit_id] = answered(turn, asked_s=asked_s)
    return not round_.may_come_late


def _note_silence(line: _Line, turn: Turn, why: str) -> None:
    if not turn.misses:
        log.warning("%s: unit %d: %s", line.gateway.code, turn.unit_id, why)
    line.last_silence_s = asyncio.get_running_loop().time()
    if line.turns.get(turn.unit_id, turn) is not turn:
        return  # an order found it silent meanwhile; once is enough
    line.turns[turn.unit_id] = missed(
        turn,
        now_s=line.last_silence_s,
        timeout_s=line.link.timeout_s,
        jitter=random.random(),  # noqa: S311 (spreads load, hides nothing)
    )


@dataclass(slots=True)
class _Round:
    """What one slave said when asked for all its blocks."""

    answers: Answers = field(default_factory=dict)
    refused: list[ProtocolError] = field(default_factory=list)
    silence: str = ""  # why it counts as silent; empty if it does not
    may_come_late: bool = False  # whether an answer may still be on its way


async def _ask_blocks(line: _Line, by_unit: Mapping[int, Slave], turn: Turn) -> _Round:
    round_, slave = _Round(), by_unit[turn.unit_id]
    sounded: Turn | None = None
    for number, block in enumerate(_blocks_now(line, slave)):
        if number and (order := line.orders.now()):
            await _carry_on(line, by_unit, order)
        try:
            if sounded is not line.turns[turn.unit_id]:
                sounded = line.turns[turn.unit_id]
                await _sound_out(line, slave, sounded)
            round_.answers[block] = await line.link.read(block, unit_id=slave.unit_id)
        except ExceptionAnswerError as error:
            round_.refused.append(error.error)
            if error.is_absence:
                round_.silence = str(error)
                break
        except SilenceError as error:
            round_.silence = str(error)
            round_.may_come_late = True
            break
    return round_


def _blocks_now(line: _Line, slave: Slave) -> list[Block]:
    """Return what is asked for in this round."""
    done = line.rounds[slave.unit_id]
    factors = line.factors.get(slave.unit_id, {})
    return [
        block
        for block in slave.blocks
        if done % block.every == 0 or (block.has_factors and block not in factors)
    ]


async def _hand_on(line: _Line, slave: Slave, round_: _Round) -> None:
    now = line.clock()
    factors = line.factors.setdefault(slave.unit_id, {})
    factors |= {b: words for b, words in round_.answers.items() if b.has_factors}
    items = decode(
        round_.answers, unit_id=slave.unit_id, measured_at=now, beside=factors
    )
    errors = [item for item in items if isinstance(item, ProtocolError)]
    peer = line.link.where
    arrival = Arrival(
        transport=line.gateway.transport,
        gateway=line.gateway.code,
        peer=peer,
        received_at=now,
        readings=named_readings(item for item in items if isinstance(item, Reading)),
        positions=(),
        refusals=[
            refusal_of(
                error,
                transport=line.gateway.transport,
                gateway=line.gateway.code,
                peer=peer,
                identity=str(slave.unit_id),
            )
            for error in (*round_.refused, *errors)
        ],
        committed=None,
    )
    await line.inbox.put(arrival)
