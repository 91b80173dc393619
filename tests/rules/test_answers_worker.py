"""From the table of commands over the journal to an alarm: orders without answers."""

import asyncpg
import pytest

from tests.backtest.orders import came_to, told
from tests.rules.city_feed import install_city
from tests.triage.city import City
from vocabulary.command import State, Switch
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

ALARMS = (
    "SELECT device_id, handling, cleared_at IS NULL AS stands, measured_at"
    " FROM alarm WHERE rule = 'lamp-no-answer' ORDER BY id"
)


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))


async def speak(city: City, since: int, until: int, *lamps: str) -> None:
    for second in range(since, until, 10):
        await city.say_all(second, lamps, power_w=98.0, dimming_pct=100.0)


async def test_a_lamp_that_reports_and_does_not_answer_is_an_alarm_and_a_case(
    city: City, pool: asyncpg.Pool
) -> None:
    deaf, obeys, waits = city.codes(DeviceKind.LAMP)[:3]
    await speak(city, 0, 20, deaf, obeys, waits)
    numbers = {
        code: await told(city, 21, code, Switch(on=True)) for code in (deaf, obeys)
    }
    await told(city, 21, waits, Switch(on=True))  # its line is away: never said
    for number in numbers.values():
        await came_to(city, 22, number, State.SENT)
    await came_to(city, 25, numbers[obeys], State.ACKED, State.EFFECT_SEEN)
    await speak(city, 30, 340, deaf, obeys, waits)
    await city.fold()
    (alarm,) = await pool.fetch(ALARMS)
    assert alarm["device_id"] == city.device_id(deaf)
    assert (alarm["measured_at"], alarm["stands"]) == (city.at(330), True)
    case = await pool.fetchrow("SELECT condition, device_id FROM case_file")
    assert case is not None
    assert (case["condition"], case["device_id"]) == (
        "device_not_answering",
        alarm["device_id"],
    )
    # Expired: it need not be done any more, and nothing has been answered.
    await came_to(city, 341, numbers[deaf], State.EXPIRED)
    await speak(city, 350, 380, deaf)
    await city.fold()
    assert [row["stands"] for row in await pool.fetch(ALARMS)] == [True]
    await came_to(city, 381, numbers[deaf], State.ACKED)  # late, but an answer
    await speak(city, 390, 420, deaf)
    await city.fold()
    assert [row["stands"] for row in await pool.fetch(ALARMS)] == [False]
