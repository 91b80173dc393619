"""The simulators' process: a city's hardware over its real wires."""

from pathlib import Path
from typing import Literal

import simulators
from gezhi.clock import utc_now
from gezhi.gateway_accounts import gateway_url
from gezhi.settings import Settings
from simulators.run import simulate

SAMPLE_CITY = Path(simulators.__file__).parent / "sample_city"
"""The city that ships with the project."""


async def run_simulators(
    settings: Settings,
    *,
    city: Path | None,
    seed: int,
    incidents: str,
    truth: Path | None,
) -> None:
    """Play the hardware of a city folder until cancelled."""
    settings.needs_broker()
    await simulate(
        city or SAMPLE_CITY,
        mqtt_url_of=lambda gateway: gateway_url(settings, gateway),
        nmea=(settings.nmea_host, settings.nmea_tcp_port),
        nmea_udp=(settings.nmea_host, settings.nmea_udp_port),
        jt808=(settings.jt808_host, settings.jt808_tcp_port)
        if settings.jt808_tcp_port
        else None,
        sl651=_listener(settings, settings.sl651_port),
        hj212=_listener(settings, settings.hj212_port),
        seed=seed,
        incidents=_timetable(incidents),
        truth=truth,
        clock=utc_now,
    )


def _listener(settings: Settings, port: int) -> tuple[str, int] | None:
    return (settings.station_host, port) if port else None


def _timetable(incidents: str) -> Literal["demo", "none"] | Path:
    if incidents == "demo":
        return "demo"
    return "none" if incidents == "none" else Path(incidents)
