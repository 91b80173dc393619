"""`gezhi gateway`: hear devices near by without a database, pass on what they say."""

from pathlib import Path

from gezhi.clock import utc_now
from gezhi.settings import SettingError, Settings
from ingest.forwarding.forward import ForwardSettings, forward
from ingest.forwarding.plan import plan_from
from ingest.forwarding.pump import Pace
from ingest.mqtt.address import BrokerAddress

MB = 1024 * 1024
"""Octets of a megabyte."""


def check_plan(plan_file: Path) -> None:
    """Read a plan and do nothing.

    Raises:
        PlanError: If it cannot be followed.
        OSError: If it cannot be read.
    """
    plan_from(plan_file.read_bytes())


def made(state: Path) -> Path:
    """Make the directory of the queue, if it is absent."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


async def run_gateway(
    settings: Settings,
    plan_file: Path,
    *,
    state: Path,
    queue_mb: int,
    pace: Pace,
) -> None:
    """Be a gateway until cancelled.

    Args:
        settings: Where the broker is.
        plan_file: What to poll and where to listen.
        state: Directory of the queue.
        queue_mb: Megabytes that may wait in it.
        pace: How fast it is sent.

    Raises:
        SettingError: If the broker's address is none.
        PlanError: If the plan cannot be followed.
        QueueInUseError: If another process has the queue.
    """
    mqtt_url = settings.needs_broker()
    try:
        BrokerAddress.from_url(mqtt_url)
    except ValueError as error:
        raise SettingError("MQTT_URL", str(error)) from error
    await forward(
        ForwardSettings(
            mqtt_url=mqtt_url,
            plan_file=plan_file,
            state=state,
            most_octets=queue_mb * MB,
            pace=pace,
        ),
        clock=utc_now,
    )
