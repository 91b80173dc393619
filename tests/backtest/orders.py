"""What lamps of the sample city are told, and how far that comes, in its own time."""

import itertools
from datetime import timedelta

from store.commands.ask import Asker, Wish, ask_command, target
from store.commands.moves import move_on, tell
from tests.triage.city import City
from vocabulary.command import AnyOrder, State
from vocabulary.command_effect import expected_effect

ASKER = Asker(name="值班台", key="k", role="dispatcher")
LASTS = timedelta(hours=1)

_keys = itertools.count(1)


async def told(city: City, second: float, code: str, order: AnyOrder) -> int:
    """Put an order for a device into the queue; return its number."""
    async with city.pool.acquire() as connection:
        device = await target(connection, code)
        assert device is not None
        wish = Wish(
            device_id=device.id,
            order=order,
            effect=expected_effect(
                order,
                quantities=device.quantities,
                expected_interval_s=device.expected_interval_s,
            ),
            key=f"order {next(_keys)}",
            asked_at=city.at(second),
            expires_at=city.at(second) + LASTS,
        )
        command_id, _ = await ask_command(connection, wish, ASKER)
        number: int = await connection.fetchval(
            "SELECT number FROM command WHERE id = $1::text::uuid", command_id
        )
        return number


async def came_to(city: City, second: float, number: int, *states: State) -> None:
    """Let an order come to some states, one after the other."""
    async with city.pool.acquire() as connection:
        for state in states:
            async with connection.transaction():
                at = city.at(second)
                moved = await move_on(connection, number, state, at=at)
                assert moved is not None
                await tell(connection, [moved])


async def said_again(city: City, second: float, number: int) -> None:
    """Note that an order was said once more: a step without an entry."""
    async with city.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO command_step (number, taken_at, state, actor, detail)"
            " SELECT number, $2, state, 'gezhi', 'said again' FROM command"
            " WHERE number = $1",
            number,
            city.at(second),
        )
