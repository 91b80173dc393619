import aiomqtt
import pytest

from gezhi.stack.accounts import keep_rights, rights_in
from gezhi.stack.broker import Broker
from gezhi.stack.home import Home
from gezhi.stack.mosquitto import find_mosquitto
from tests.stack.conftest import Connect
from tests.stack.test_broker import first

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
]

RIGHTS = {"TB-1": ["write v1/gateway/+"], "SP-1": ["read spBv1.0/+/NCMD/SP-1"]}


async def hear_only(ingest: aiomqtt.Client, truth: str) -> None:
    """Expect a message before which none of the lies came."""
    assert await first(ingest) == (truth, b"truth")


async def test_a_right_is_its_gateways_only_and_ingest_hears_it(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.set_gateways({"TB-1": "a", "SP-1": "b"}, RIGHTS)
    async with (
        connect(own_broker.url()) as ingest,
        connect(own_broker.url("TB-1")) as one,
        connect(own_broker.url("SP-1")) as other,
    ):
        await ingest.subscribe("#", qos=1)
        await other.publish("v1/gateway/telemetry", b"lie", qos=1)
        await other.publish("gezhi/v1/TB-1/native/x", b"lie", qos=1)
        await one.publish("v1/gateway/telemetry", b"truth", qos=1)
        await hear_only(ingest, "v1/gateway/telemetry")
        await other.publish("gezhi/v1/SP-1/native/a/b", b"truth", qos=1)
        await hear_only(ingest, "gezhi/v1/SP-1/native/a/b")


async def test_a_command_reaches_its_node_only(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.set_gateways({"TB-1": "a", "SP-1": "b"}, RIGHTS)
    async with (
        connect(own_broker.url()) as ingest,
        connect(own_broker.url("TB-1")) as nosy,
        connect(own_broker.url("SP-1")) as node,
    ):
        for client in (nosy, node):
            await client.subscribe("#", qos=1)
            await client.subscribe("spBv1.0/#", qos=1)
        await nosy.subscribe("gezhi/v1/TB-1/down/#", qos=1)
        await ingest.publish("spBv1.0/city/NCMD/SP-1", b"rebirth", qos=1)
        assert (await first(node))[1] == b"rebirth"
        await ingest.publish("gezhi/v1/TB-1/down/x", b"own", qos=1)
        assert (await first(nosy))[1] == b"own"


async def test_rights_end_when_they_are_taken_and_outlive_a_restart(
    own_broker: Broker, connect: Connect, home: Home
) -> None:
    await own_broker.set_gateways({"TB-1": "a"}, RIGHTS)
    await own_broker.stop()
    await own_broker.start()
    async with (
        connect(own_broker.url()) as ingest,
        connect(own_broker.url("TB-1")) as gateway,
    ):
        await ingest.subscribe("#", qos=1)
        await gateway.publish("v1/gateway/telemetry", b"truth", qos=1)
        await hear_only(ingest, "v1/gateway/telemetry")
        await own_broker.set_gateways({"TB-1": "a"})
        await gateway.publish("v1/gateway/telemetry", b"lie", qos=1)
        await gateway.publish("gezhi/v1/TB-1/up", b"truth", qos=1)
        await hear_only(ingest, "gezhi/v1/TB-1/up")
    assert rights_in(home.secrets) == {}


@pytest.mark.parametrize("right", ["write", "write a b", "own #", "write a\nuser x"])
def test_what_is_no_right_is_refused(home: Home, right: str) -> None:
    with pytest.raises(ValueError, match="is no right"):
        keep_rights(home.secrets, {"GW-1": [right]})
