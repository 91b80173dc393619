"""Vehicle terminals behind `gezhi gateway`: answered once its disk has their word."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gezhi.stack.broker import Broker
from ingest.forwarding.local_registry import snapshot_of
from ingest.forwarding.plan import PlanError, plan_from
from ingest.forwarding.terminal_tokens import TokenFile
from ingest.protocols.jt808 import (
    Heartbeat,
    Registered,
    RegistrationReply,
    Result,
    location_of,
)
from store.registry.terminals import Hardware
from tests.ingest.far_end import gateway_process, send_plan, until
from tests.ingest.jt808_line import ADDRESS, PHONE, Line, line_to, registration
from tests.ingest.jt808_listener import FIX
from tests.ingest.test_forwarding import hearing
from tests.ports import free_port

NEVER_HEARD_OF = "013900000099"


@dataclass
class Fleet:
    """A gateway's directory, and its plan with and without terminals."""

    gateway: str
    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.file.write_bytes(self.plan([]))

    @property
    def file(self) -> Path:
        return self.folder / "plan.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def plan(self, terminals: list[str]) -> bytes:
        text = f'gateway = "{self.gateway}"\n'
        if terminals:
            text += f"""
[[jt808]]
code = "FLEET"
tcp_port = {self.port}
terminals = {terminals}
"""
        return text.encode()

    def waiting(self) -> int:
        """Return how many messages are on the disk of a gateway that is not running."""
        address = f"file:{self.state / 'queue.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as queue:
            (count,) = queue.execute("SELECT count(*) FROM waiting").fetchone()
        return int(count)

    async def is_listening(self) -> None:
        log = self.folder / "gateway.log"
        await until(lambda: f"TCP port {self.port}".encode() in log.read_bytes())


async def report(line: Line, n: int) -> None:
    """Say one position; wait for its general reply."""
    at = FIX.fixed_at + timedelta(seconds=n)
    serial = line.say(location_of(replace(FIX, fixed_at=at)))
    reply = await line.reply()
    assert (reply.answered, reply.result) == (serial, Result.OK)


@pytest.mark.broker
async def test_a_terminal_named_from_upstream_is_answered_once_its_word_is_on_disk(
    own_broker: Broker, tmp_path: Path
) -> None:
    fleet = Fleet("EDGE-1", tmp_path)
    async with hearing(own_broker, "EDGE-1") as far_end:
        async with gateway_process(
            own_broker.url("EDGE-1"), fleet.file, state=fleet.state
        ):
            await until(lambda: far_end.status.get("up") is True)
            await send_plan(own_broker.ingest_url, "EDGE-1", fleet.plan([ADDRESS]))
            await fleet.is_listening()
            async with line_to(fleet.port) as line:
                token = await line.log_in()
                await report(line, 0)
                await until(lambda: len(far_end.positions) == 1)
                far_end.is_listening = False
                await own_broker.stop()
                for n in range(1, 21):
                    await report(line, n)
        # The gateway was killed with its last answer; its disk has what it answered.
        assert fleet.waiting() >= 20
        async with gateway_process(
            own_broker.url("EDGE-1"), fleet.file, state=fleet.state
        ):
            await own_broker.start()
            await until(lambda: far_end.is_listening)
            await until(lambda: len({p.fixed_at for p in far_end.positions}) == 21)
            async with line_to(fleet.port) as line:
                assert await line.prove(token) is Result.OK
                await report(line, 21)
                await until(lambda: len({p.fixed_at for p in far_end.positions}) == 22)
    assert {p.device for p in far_end.positions} == {f"FLEET/{ADDRESS}"}
    assert far_end.account().missing == 0


@pytest.mark.broker
async def test_who_is_not_in_the_plan_may_not_register_and_a_new_plan_cuts_nobody_off(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    fleet = Fleet(unique, tmp_path)
    async with (
        hearing(broker, unique) as far_end,
        gateway_process(broker.url(unique), fleet.file, state=fleet.state),
    ):
        await until(lambda: far_end.status.get("up") is True)
        await send_plan(broker.ingest_url, unique, fleet.plan([ADDRESS]))
        await fleet.is_listening()
        async with line_to(fleet.port, phone=NEVER_HEARD_OF) as stranger:
            stranger.say(registration())
            reply = (await stranger.hear()).body
            assert isinstance(reply, RegistrationReply)
            assert reply.result == Registered.NO_SUCH_TERMINAL
        async with line_to(fleet.port) as line:
            await line.log_in()
            both = fleet.plan([NEVER_HEARD_OF, ADDRESS])
            await send_plan(broker.ingest_url, unique, both)
            await until_registered(fleet.port, NEVER_HEARD_OF)
            await report(line, 0)
            await send_plan(broker.ingest_url, unique, fleet.plan([NEVER_HEARD_OF]))
            await until_refused(line)


async def until_registered(port: int, phone: str) -> None:
    """Call and register until the plan that names the terminal is in force."""
    result = Registered.NO_SUCH_TERMINAL
    while result is not Registered.OK:
        async with line_to(port, phone=phone) as line:  # one line has so many tries
            line.say(registration())
            reply = (await line.hear()).body
            assert isinstance(reply, RegistrationReply)
            result = Registered(reply.result)


async def until_refused(line: Line) -> None:
    """Send heartbeats until the terminal is registered no longer."""
    while True:
        line.say(Heartbeat())
        if (await line.reply()).result == Result.FAILED:
            return


def test_a_plan_says_which_terminals_may_call() -> None:
    plan = plan_from(
        b'gateway = "E"\n[[jt808]]\ncode = "FLEET"\nudp_port = 7611\n'
        b'terminals = ["013900000001", "13900000002"]'
    )
    devices = snapshot_of(plan).devices
    codes = {device.code for device in devices.values()}
    assert codes == {"FLEET/013900000001", "FLEET/13900000002"}
    fewer = snapshot_of(
        plan_from(
            b'gateway = "E"\n[[jt808]]\ncode = "FLEET"\n'
            b'udp_port = 7611\nterminals = ["13900000002"]'
        )
    )
    assert fewer.devices.keys() < devices.keys()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ('terminals = ["1"]', "needs tcp_port or udp_port"),
        ('tcp_port = 1\nterminals = ["01", "1"]', "terminal 1 stands twice"),
        ('tcp_port = 1\nterminals = ["car"]', "matching regex"),
        ("tcp_port = 1\nterminals = []", "length >= 1"),
    ],
)
def test_a_plan_whose_terminals_cannot_be_is_refused(fields: str, problem: str) -> None:
    text = f'gateway = "E"\n[[jt808]]\ncode = "FLEET"\n{fields}'
    with pytest.raises(PlanError, match=problem):
        plan_from(text.encode())


HARDWARE = Hardware(maker="", model="", serial_id="", plate="")


async def test_a_token_lasts_until_another_is_given_or_it_is_ended(
    tmp_path: Path,
) -> None:
    file = tmp_path / "tokens.db"
    plan = plan_from(Fleet("E", tmp_path).plan([PHONE]))
    (device,) = snapshot_of(plan).devices.values()
    first = await TokenFile(file).give(device, HARDWARE)
    assert await TokenFile(file).is_its(device, first)
    second = await TokenFile(file).give(device, HARDWARE)
    assert not await TokenFile(file).is_its(device, first)
    assert first.encode() not in file.read_bytes()
    await TokenFile(file).end(device)
    assert not await TokenFile(file).is_its(device, second)


async def test_a_damaged_file_of_tokens_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "tokens.db"
    file.write_bytes(b"x" * 10_000)
    (device,) = snapshot_of(
        plan_from(Fleet("E", tmp_path).plan([PHONE]))
    ).devices.values()
    with pytest.raises(OSError, match="set aside"):
        await TokenFile(file).give(device, HARDWARE)
    assert await TokenFile(file).is_its(
        device, await TokenFile(file).give(device, HARDWARE)
    )
