"""Orders to lamps and cabinets: done when the effect was read back, and not before."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest

from ingest.modbus.orders import MOST_WAITING, Effect, ModbusOrders
from ingest.protocols.register_map import load_map
from ingest.protocols.register_programme import Switching
from ingest.protocols.register_write import Wish, plan_write
from simulators.city import Endpoint
from simulators.incidents import Cause, Incident
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from simulators.world import World
from tests.ingest.modbus_cabinets import (
    Polled,
    Slaves,
    a_line,
    cabinet,
    lamp,
    polled,
)
from tests.ports import free_port
from tests.protocols.modbus_bus import LINE, a_bus, wire
from tests.protocols.modbus_line import a_device, most_between, rtu, serial_line
from tests.simulators.playing import now, playing
from tests.simulators.towns import town
from vocabulary.device import Transport
from vocabulary.quantity import Quantity

ON, OFF = Wish(values={"contactor_on": 1}), Wish(values={"contactor_on": 0})
STUCK = Incident(
    id="stuck",
    cause=Cause.RELAY_STUCK,
    device="CB-01",
    starts_s=0,
    ends_s=3600,
    members=("CB-01",),
)


def dim(pct: float) -> Wish:
    return Wish(values={"dimming_pct": pct})


@asynccontextmanager
async def simulated(
    incidents: Collection[Incident] = (),
    *,
    transport: Transport = Transport.MODBUS_TCP,
) -> AsyncIterator[Polled]:
    """Poll the simulator's cabinet with its first lamps."""
    played = World.begin(town(), tuple(incidents), start=now())
    port = free_port()
    endpoint = Endpoint(code="CAB", transport=transport, host="127.0.0.1", port=port)
    units = units_of(played, played.town.city.below("CAB"))
    async with (
        playing(run_modbus_server(endpoint, units, clock=now)),
        polled(a_line(port, transport), [cabinet(), lamp(1), lamp(2)]) as line,
    ):
        yield line


async def latest(line: Polled, address: str, quantity: Quantity) -> float:
    """Return a value of the next round."""
    await line.more(2)
    readings = line.arrivals[-1].readings
    assert readings
    named = zip(readings.device, readings.quantity, readings.value, strict=True)
    (value,) = [v for device, name, v in named if (device, name) == (address, quantity)]
    return float(value)


@pytest.mark.parametrize("transport", [Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP])
async def test_a_contactor_opens_and_closes_and_power_follows(
    transport: Transport,
) -> None:
    async with simulated(transport=transport) as line:
        assert await latest(line, "1/lamp/01", Quantity.POWER_W) > 30
        off = await line.order(cabinet(), OFF)
        assert (off.effect, off.values) == (Effect.SEEN, {"contactor_on": 0})
        assert await latest(line, "1/lamp/01", Quantity.POWER_W) == 0
        assert await latest(line, "1", Quantity.POWER_W) == 0
        on = await line.order(cabinet(), ON)
        assert (on.effect, on.values) == (Effect.SEEN, {"contactor_on": 1})
        assert await latest(line, "1/lamp/01", Quantity.POWER_W) > 30


async def test_a_lamp_is_dimmed_and_its_neighbour_is_not() -> None:
    async with simulated() as line:
        bright = await latest(line, "1/lamp/01", Quantity.POWER_W)
        outcome = await line.order(lamp(1), dim(40))
        assert (outcome.effect, outcome.values) == (Effect.SEEN, {"dimming_pct": 40})
        dimmed = await latest(line, "1/lamp/01", Quantity.POWER_W)
        assert dimmed == pytest.approx(0.4 * bright, rel=0.1)
        assert await latest(line, "1/lamp/02", Quantity.DIMMING_PCT) == 100


async def test_a_stuck_relay_acknowledges_and_shows_no_effect() -> None:
    async with simulated([STUCK]) as line:
        outcome = await line.order(cabinet(), OFF)
        assert (outcome.effect, outcome.values) == (
            Effect.NOT_SEEN,
            {"contactor_on": 1},
        )
        assert outcome.detail == "it does not show after 5 s"
        assert await latest(line, "1/lamp/01", Quantity.POWER_W) > 30


async def test_a_programme_of_64_entries_is_uploaded_and_governs() -> None:
    entries = tuple(Switching(minute=22 * n, level_pct=0) for n in range(64))
    async with simulated() as line:
        outcome = await line.order(cabinet(), Wish(programme=entries))
        assert (outcome.effect, outcome.values) == (Effect.SEEN, {"programme": 1})
        async with asyncio.timeout(300):
            while await latest(line, "1", Quantity.CONTACTOR_ON):
                pass
        assert (await line.order(cabinet(), ON)).effect is Effect.SEEN
        gone = await line.order(cabinet(), Wish(programme=()))
        assert gone.effect is Effect.SEEN


async def test_a_cabinet_on_a_serial_line_obeys() -> None:
    played = World.begin(town(), (), start=now())
    units = units_of(played, played.town.city.below("CAB"))
    async with wire() as laid:
        far = Endpoint(
            code="CAB",
            transport=Transport.MODBUS_RTU,
            host=laid.slaves,
            port=0,
            line=LINE,
        )
        async with (
            playing(run_modbus_server(far, units, clock=now)),
            polled(a_bus(laid), [cabinet(), lamp(1)]) as line,
        ):
            off = await line.order(cabinet(), OFF)
            assert (off.effect, off.values) == (Effect.SEEN, {"contactor_on": 0})
            dimmed = await line.order(lamp(1), dim(30))
            assert dimmed.effect is Effect.SEEN


async def test_a_refusal_is_named() -> None:
    slaves = Slaves(answers=lambda _number: rtu(bytes([1, 0x86, 4])), obeys=False)
    async with serial_line(slaves) as port, polled(a_line(port), [cabinet()]) as line:
        outcome = await line.order(cabinet(), ON)
        assert outcome.effect is Effect.REFUSED
        assert outcome.detail == (
            "unit 1 answered exception 4 (server device failure) "
            "to writing holding 400..400"
        )


async def test_an_acknowledgement_that_it_takes_long_is_no_refusal() -> None:
    slaves = Slaves(answers=lambda _number: rtu(bytes([1, 0x86, 5])))
    async with serial_line(slaves) as port, polled(a_line(port), [cabinet()]) as line:
        assert (await line.order(cabinet(), ON)).effect is Effect.SEEN


async def test_a_lost_acknowledgement_is_made_good_by_looking() -> None:
    slaves = Slaves(answers=lambda number: b"" if number == 1 else None)
    async with serial_line(slaves) as port, polled(a_line(port), [cabinet()]) as line:
        outcome = await line.order(cabinet(), ON)
        assert outcome.effect is Effect.SEEN
        assert outcome.detail.startswith("the write was not answered")
        assert len(slaves.told) == 1  # nothing is ever told twice


async def test_a_lost_order_is_not_taken_for_obeyed() -> None:
    slaves = Slaves(answers=lambda _number: b"", obeys=False)
    async with serial_line(slaves) as port, polled(a_line(port), [cabinet()]) as line:
        outcome = await line.order(cabinet(), ON)
        assert (outcome.effect, outcome.values) == (
            Effect.NO_ANSWER,
            {"contactor_on": 0},
        )
        assert len(slaves.told) == 1


async def test_an_order_to_a_dead_slave_is_not_tried_and_starves_nobody() -> None:
    slaves = Slaves(silent={2})
    devices = [cabinet(1), cabinet(2), cabinet(3)]
    async with serial_line(slaves) as port, polled(a_line(port), devices) as line:
        await line.until(lambda: line.heard("3") >= 10)
        outcomes = []
        for _ in range(40):
            outcomes.append(await line.order(cabinet(2), ON))
            await asyncio.sleep(0.05)
        effects = Counter(outcome.effect for outcome in outcomes)
        assert set(effects) <= {Effect.NOT_TRIED, Effect.NO_ANSWER}
        assert effects[Effect.NOT_TRIED] > effects[Effect.NO_ANSWER]
        not_tried = [each for each in outcomes if each.effect is Effect.NOT_TRIED]
        details = {each.detail.partition(" in ")[0] for each in not_tried}
        # But for the orders that came just when it was asked once more, in vain.
        assert details - {"no answer"} == {"unit 2 is silent, asked again"}
        for unit in (1, 3):
            assert most_between(slaves.asked, unit, 2) <= 2
    assert not slaves.told


async def test_a_storm_of_orders_holds_no_poll_up() -> None:
    slaves = Slaves()
    devices = [cabinet(1), cabinet(2), *(lamp(n) for n in range(1, 65))]
    effects: Counter[Effect] = Counter()
    async with serial_line(slaves) as port, polled(a_line(port), devices) as line:

        async def press(number: int) -> None:
            """Give one order after the other, never waiting in between."""
            while line.heard("2") < 20:
                outcome = await line.order(lamp(number), dim(number), 50)
                effects[outcome.effect] += 1

        await asyncio.gather(*(press(number) for number in range(1, 65)))
        assert set(effects) == {Effect.SEEN}
        assert effects[Effect.SEEN] > 192
    # It was heard twenty times meanwhile: else they would be pressing still.


async def test_orders_to_one_device_are_carried_out_one_after_the_other() -> None:
    slaves = Slaves()
    async with serial_line(slaves) as port, polled(a_line(port), [lamp(1)]) as line:
        outcomes = await asyncio.gather(
            *(line.order(lamp(1), dim(pct)) for pct in range(10, 30))
        )
        assert [one.values["dimming_pct"] for one in outcomes] == [*range(10, 30)]
        assert [request[5] for request in slaves.told] == [*range(10, 30)]


async def test_an_order_without_a_turn_is_never_carried_out_later() -> None:
    slaves = Slaves()
    async with serial_line(slaves) as port:
        gateway = a_line(port)
        async with polled(gateway, [cabinet()]) as line:
            first = asyncio.create_task(line.order(cabinet(), ON, 0))
            outcome = await first
            assert outcome.effect in {Effect.NOT_TRIED, Effect.SEEN}
            told = len(slaves.told)
            assert told == (outcome.effect is Effect.SEEN)
            await line.more(5)
            assert len(slaves.told) == told


async def test_the_queue_is_bounded_and_what_waited_too_long_is_dropped() -> None:
    orders = ModbusOrders()
    plan = plan_write(load_map("gezhi_cabinet"), unit_id=1, part="", wish=ON)

    async def put(wait_s: float) -> Effect:
        outcome = await orders.put(plan, unit_id=1, address="1", wait_s=wait_s)
        return outcome.effect

    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(put(0.3)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        assert await put(60) is Effect.NOT_TRIED
        assert orders.now() is not None
    assert {task.result() for task in waiting} == {Effect.NOT_TRIED}
    assert orders.now() is None


async def test_an_order_that_was_given_up_is_not_carried_out() -> None:
    orders = ModbusOrders()
    plan = plan_write(load_map("gezhi_cabinet"), unit_id=1, part="", wish=ON)
    giving = asyncio.create_task(orders.put(plan, unit_id=1, address="1", wait_s=60))
    await asyncio.sleep(0)
    assert orders.now() is not None
    giving.cancel()
    await asyncio.wait([giving])
    assert orders.now() is None


async def test_what_cannot_be_is_said_at_once() -> None:
    slaves = Slaves()
    async with serial_line(slaves) as port, polled(a_line(port), [cabinet()]) as line:
        beyond = await line.order(lamp(1), dim(150))
        pressure = await line.order(a_device("1", "pressure_rtu"), ON)
        nobody = await line.order(a_device("1", "nobody_wrote_it"), ON)
        elsewhere = await line.order(cabinet(9), ON)
    assert {one.effect for one in (beyond, pressure, nobody)} == {Effect.IMPOSSIBLE}
    assert elsewhere.effect is Effect.NOT_TRIED
    assert not slaves.told
