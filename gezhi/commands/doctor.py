"""Say what is here, what is wrong, and how to mend it; change nothing."""

import asyncio
import os
import platform
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlsplit

import asyncpg
from rich.console import Console

from gezhi.settings import Settings
from gezhi.stack.broker import NoBrokerError, installed
from gezhi.stack.home import Home, HomeInUseError, claim, home_path
from gezhi.stack.loopback import is_free
from gezhi.stack.postgres_binaries import NoPostgresError, find_binaries
from store.disk import disk_of
from store.edition import edition_of
from store.migrate import pending_in

ROOM_NEEDED_BYTES = 2 << 30
"""Free disk below this is worth a word."""

TIMEOUT_S = 5
"""How long a database or broker may take to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        subject: What was looked at.
        state: What was found.
        remedy: What to do; empty if all is well.
        is_fatal: Whether `gezhi up` cannot work so.
    """

    subject: str
    state: str
    remedy: str = ""
    is_fatal: bool = False


def run_doctor(settings: Settings) -> int:
    """Print every finding; return 1 if something must be mended first."""
    console = Console(highlight=False)
    root = home_path(os.environ, is_root=os.geteuid() == 0)
    is_up = _is_up(Home(root))
    findings = [
        Finding("gezhi", f"{version('gezhi')} on Python {platform.python_version()}"),
        *_state_directory(Home(root), is_up=is_up),
        _database(settings),
        _broker(settings),
        *_ports(settings, is_up=is_up),
    ]
    for finding in findings:
        mark, style = _mark(finding)
        console.print(
            f"[{style}]{mark}[/] {finding.subject:<10} {finding.state}", soft_wrap=True
        )
        if finding.remedy:
            console.print(f"               → {finding.remedy}", soft_wrap=True)
    wrong = [finding for finding in findings if finding.is_fatal]
    console.print(
        f"\n{len(wrong)} to mend before gezhi can run."
        if wrong
        else "\nNothing stands in the way of `gezhi up`."
    )
    return 1 if wrong else 0


def _mark(finding: Finding) -> tuple[str, str]:
    if finding.is_fatal:
        return "✗ bad ", "red"
    return ("! note", "yellow") if finding.remedy else ("✓ ok  ", "green")


def _is_up(home: Home) -> bool:
    if not (home.root / "lock").exists():
        return False
    try:
        with claim(home):
            return False
    except HomeInUseError:
        return True
    except PermissionError:
        return False


def _state_directory(home: Home, *, is_up: bool) -> Iterator[Finding]:
    nearest = next(p for p in (home.root, *home.root.parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        yield Finding(
            "state",
            f"{home.root} cannot be written",
            "name another directory by GEZHI_HOME",
            is_fatal=True,
        )
        return
    running = "a platform is running on it" if is_up else "no platform is running on it"
    yield Finding("state", f"{home.root}; {running}")
    disk = disk_of(nearest)
    is_low = disk.is_low or disk.free_octets < ROOM_NEEDED_BYTES
    yield Finding(
        "disk",
        f"{disk.free_octets / (1 << 30):.1f} GiB free, {disk.free_share:.1%}",
        "make room: ingest stores nothing more when the disk is full" if is_low else "",
    )


def _database(settings: Settings) -> Finding:
    if settings.database_url:
        return asyncio.run(_given_database(settings.database_url))
    try:
        found = find_binaries()
    except NoPostgresError as error:
        return Finding("database", "none", str(error), is_fatal=True)
    where = f"private, PostgreSQL {found.major} from {found.directory}"
    if found.has_timescaledb:
        return Finding("database", f"{where}, with TimescaleDB")
    return Finding(
        "database",
        f"{where}, plain: no TimescaleDB",
        "works as it is; for hypertables run scripts/install-system as root",
    )


async def _given_database(dsn: str) -> Finding:
    place = urlsplit(dsn).hostname or dsn
    try:
        connection = await asyncpg.connect(dsn, timeout=TIMEOUT_S)
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        return Finding(
            "database",
            f"DATABASE_URL ({place}) does not let us in: {error}",
            "check the address, the account, and that the server is up",
            is_fatal=True,
        )
    try:
        edition = await edition_of(connection)
        missing = await pending_in(connection)
        major = connection.get_server_version().major
    finally:
        await connection.close()
    return Finding(
        "database",
        f"{place}, PostgreSQL {major}, edition {edition}",
        f"{len(missing)} migrations missing: run gezhi migrate" if missing else "",
    )


def _broker(settings: Settings) -> Finding:
    if settings.mqtt_url:
        return _given_broker(settings.mqtt_url)
    try:
        engine = installed()
    except NoBrokerError as error:
        return Finding("broker", "none", str(error), is_fatal=True)
    return Finding("broker", f"private, {engine.description}")


def _given_broker(url: str) -> Finding:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 1883)
    try:
        socket.create_connection(address, timeout=TIMEOUT_S).close()
    except OSError as error:
        return Finding(
            "broker",
            f"MQTT_URL ({address[0]}:{address[1]}) does not answer: {error}",
            "check the address and that the broker is up",
            is_fatal=True,
        )
    return Finding("broker", f"{address[0]}:{address[1]} answers")


def _ports(settings: Settings, *, is_up: bool) -> Iterator[Finding]:
    wanted = {
        "api": ("GEZHI_API_PORT", settings.api_port),
        "nmea": ("GEZHI_NMEA_TCP_PORT", settings.nmea_tcp_port),
        "jt808": ("GEZHI_JT808_TCP_PORT", settings.jt808_tcp_port),
        "sl651": ("GEZHI_SL651_PORT", settings.sl651_port),
        "hj212": ("GEZHI_HJ212_PORT", settings.hj212_port),
    }
    for subject, (variable, port) in wanted.items():
        if not port:  # switched off
            continue
        if is_free(port):
            yield Finding(subject, f"port {port} is free")
        elif is_up:
            yield Finding(subject, f"port {port} is in use, by the running platform")
        else:
            yield Finding(
                subject,
                f"port {port} is taken by another program",
                f"stop it, or choose another port by {variable}",
                is_fatal=True,
            )
