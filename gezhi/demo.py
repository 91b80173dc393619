"""The demo: a simulated city, the real platform, and cases as they file themselves."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console

from devices.registry.import_result import ImportResult
from devices.registry.load import import_city
from gezhi.clock import utc_now
from gezhi.demo_city import demo_city
from gezhi.live_view import filed_cases, print_case
from gezhi.processes.supervise import keep_running
from gezhi.settings import Settings
from gezhi.stack.home import Home, claim, home_path, open_home
from gezhi.stack.loopback import free_port, is_free
from gezhi.up import Platform, beside, running, worker

KINDS = {
    "cover": "井盖 cover",
    "lamp": "路灯 lamp",
    "cabinet": "路灯 lamp",
    "pressure": "管网 pressure",
    "gauge": "积水 ponding",
    "vehicle": "车辆 vehicle",
}
"""The five kinds of hardware of the demo, by kind of device."""

SL651_PORT, HJ212_PORT = 5651, 5212
"""Where stations call the demo if nothing else is set: as in compose.yaml."""


async def demo(settings: Settings, *, seed: int, keep: bool) -> None:
    """Run the demo until cancelled.

    Args:
        settings: What the operator set; ports that are taken are replaced.
        seed: Of the simulated hardware.
        keep: Go on with the last demo's data instead of a fresh state directory.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    home = _demo_home(keep=keep)
    city = demo_city(home.root / "city", disk=_disk(settings, home))
    settings = with_free_ports(replace(settings, city=str(city)))
    console.print("格知 Gezhi: a simulated city on this machine\n", style="bold")
    async with running(settings, home, console.print) as platform:
        await _fill_registry(platform, city, console)
        simulators = worker(
            "simulate",
            platform.settings,
            home,
            (str(city), "--seed", str(seed), "--truth", str(home.root / "truth.jsonl")),
        )
        async with beside(keep_running(simulators, console.print), "simulate"):
            console.print("  started    simulators, each on its real protocol")
            _say_where(platform, console)
            await _show_cases(platform, console, started)


def _disk(settings: Settings, home: Home) -> Path:
    """Return the directory by which the database's disk is watched, if it is ours."""
    if not settings.database_url:
        return home.cluster
    return next(iter(settings.watched_disks()), home.cluster)


def _demo_home(*, keep: bool) -> Home:
    """Return the demo's own state directory, apart from a real platform's."""
    root = home_path(os.environ, is_root=os.geteuid() == 0) / "demo"
    root.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = open_home(root)
    if not keep:
        with claim(home):  # never from under a demo that is running
            for part in (home.cluster, home.broker, home.secrets, home.log):
                shutil.rmtree(part)
        open_home(root)
    return home


def with_free_ports(settings: Settings) -> Settings:
    """Return settings in which every port that is taken now is another."""
    return replace(
        settings,
        api_port=_free(settings.api_port),
        nmea_tcp_port=_free(settings.nmea_tcp_port),
        nmea_udp_port=_free(settings.nmea_udp_port, is_udp=True),
        jt808_tcp_port=_free(settings.jt808_tcp_port),
        jt808_udp_port=_free(settings.jt808_udp_port, is_udp=True),
        sl651_port=_free(settings.sl651_port or SL651_PORT),
        hj212_port=_free(settings.hj212_port or HJ212_PORT),
    )


def _free(port: int, *, is_udp: bool = False) -> int:
    return port if is_free(port, is_udp=is_udp) else free_port(is_udp=is_udp)


async def _fill_registry(platform: Platform, city: Path, console: Console) -> None:
    connection = await asyncpg.connect(platform.settings.database_url)
    try:
        result = await import_city(connection, city, dry_run=False, at=utc_now())
    finally:
        await connection.close()
    console.print(
        f"  imported   sample city 格州 Gezhou: {_summary(result)}", soft_wrap=True
    )


def _summary(result: ImportResult) -> str:
    return ", ".join(f"{count} {table}" for table, count in result.rows_by_table())


def _say_where(platform: Platform, console: Console) -> None:
    token = platform.token_file.read_text("ascii").strip()
    console.print()
    console.print(f"  page    [bold]{platform.address}[/]")
    console.print(f"  token   [bold]{token}[/]", soft_wrap=True)
    console.print(f"  state   {platform.home.root}  (secrets/, log/, truth.jsonl)")
    console.print(
        "\nCases appear below as they file themselves. Ctrl-C stops it all.\n"
    )


async def _show_cases(platform: Platform, console: Console, started: float) -> None:
    zone = ZoneInfo(platform.settings.time_zone)
    waiting = set(KINDS.values())
    async for case in filed_cases(platform.settings.database_url, after_seq=0):
        print_case(console, case, zone)
        kind = KINDS.get(case.device_kind)  # none of the platform's own
        if kind in waiting:
            waiting.remove(kind)
            if not waiting:
                console.print(_all_seen(time.monotonic() - started), style="green")


def _all_seen(elapsed_s: float) -> str:
    return (
        f"          All five kinds have filed a case, {elapsed_s:.0f} s after the "
        "start.\n"
    )
