"""What a device says to a command is stored, whatever its texts have in them."""

import asyncpg
import pytest

from ingest.commands.settling import Beside
from ingest.protocols.gezhi_command import decode_answer
from store.commands.terminal import (
    CommandKind,
    CommandResult,
    Outcome,
    ask_terminal,
    outcome_of,
    settle_commands,
)
from store.text import storable_json
from tests.commands.street import (
    HOUR,
    ask,
    detail_of,
    register_lamp,
    state_of,
    utc_now,
)
from vocabulary.command import Dim

pytestmark = pytest.mark.db

ANSWER = b'{"id":"%s","device":"LP-1","outcome":"done","detail":"so\\u0000so"}'


async def test_an_answer_with_a_nul_is_taken_with_the_batch_it_came_in(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await register_lamp(database_url, "GW-1")
    command_id = await ask(connection, "GW-1", Dim(pct=40))
    answers = [
        ("GW-1", decode_answer(ANSWER % b"nobody\\u0000")),
        ("GW-1", decode_answer(ANSWER % command_id.encode())),
    ]
    async with connection.transaction():
        await Beside(numbers={}, answers=answers, at=utc_now())(connection)
    assert await state_of(connection, command_id) == "acked"
    assert await detail_of(connection, command_id) == "so\ufffdso"


async def test_a_terminals_answer_with_a_nul_is_kept(
    database_url: str, connection: asyncpg.Connection
) -> None:
    device_id = await register_lamp(database_url, "VT-1", transport="jt808")
    now = utc_now()
    number = await ask_terminal(
        connection,
        device_id,
        CommandKind.PARAMETERS,
        {},
        by="somebody",
        at=now,
        expires_at=now + HOUR,
    )
    said = Outcome(number, CommandResult.OK, {"apn": "CM\0NET", "path": "\\u0000"})
    await settle_commands(connection, [said], at=now)
    kept = await outcome_of(connection, number)
    assert kept is not None
    assert kept.answer == {"apn": "CM\ufffdNET", "path": "\\u0000"}


def test_only_an_escaped_nul_is_replaced() -> None:
    assert storable_json(r'"\u0000\\u0000\\\u0000"') == r'"\ufffd\\u0000\\\ufffd"'
