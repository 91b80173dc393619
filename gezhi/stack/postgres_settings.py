"""The private cluster's settings files, as text."""

import os
from dataclasses import dataclass
from pathlib import Path

from gezhi.stack.loopback import LOOPBACK

MEGABYTE = 1 << 20

SHARED_BUFFERS_MB = range(128, 2049)
"""Bounds of the database's own cache; between them it takes an eighth of the memory."""

SOCKET_PATH_LIMIT = 100
"""Longest path of a Unix socket (108 octets on Linux, 104 on macOS, with its end)."""

AUTHENTICATION = f"""\
# Written anew at every start.
local all all scram-sha-256
host all all {LOOPBACK}/32 scram-sha-256
"""
"""pg_hba.conf: a password for everyone, and nobody from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What differs between one private cluster and another.

    Attributes:
        port: Loopback port.
        sockets: Directory of the Unix socket.
        with_timescaledb: Whether the extension's library is loaded at start.
        timescaledb_workers: Background processes for its policies; the Apache edition
            has none to run.
        is_durable: Whether commits reach the disk before they are acknowledged; only a
            test may say no. A killed server loses nothing either way.
        memory_bytes: The machine's memory.
    """

    port: int
    sockets: Path
    with_timescaledb: bool
    timescaledb_workers: int
    is_durable: bool
    memory_bytes: int


def machine_memory_bytes() -> int:
    """Return how much memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def postgresql_conf(settings: ClusterSettings) -> str:
    """Return the text of postgresql.conf."""
    lines = [f"{name} = {_quoted(value)}" for name, value in _values(settings).items()]
    return "# Written anew at every start.\n" + "\n".join(lines) + "\n"


def _values(settings: ClusterSettings) -> dict[str, str]:
    memory_mb = settings.memory_bytes // MEGABYTE
    least, most = SHARED_BUFFERS_MB[0], SHARED_BUFFERS_MB[-1]
    sockets = str(settings.sockets)
    values = {
        "listen_addresses": LOOPBACK,
        "port": str(settings.port),
        "unix_socket_directories": sockets if fits_socket(settings.sockets) else "",
        "max_connections": "100",
        "password_encryption": "scram-sha-256",
        "fsync": _switch(on=settings.is_durable),
        "full_page_writes": _switch(on=settings.is_durable),
        "synchronous_commit": "on",
        "shared_buffers": f"{min(max(memory_mb // 8, least), most)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, least)}MB",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # it costs more than these short queries take
        "max_locks_per_transaction": "256",  # every chunk takes one
        "max_worker_processes": "16",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "10s",
    }
    if not settings.is_durable:
        # Killed tests then leave nothing behind outside their directory.
        values["dynamic_shared_memory_type"] = "mmap"
    if settings.with_timescaledb:
        values |= {
            "shared_preload_libraries": "timescaledb",
            "timescaledb.telemetry_level": "off",
            "timescaledb.max_background_workers": str(settings.timescaledb_workers),
        }
    return values


def fits_socket(directory: Path) -> bool:
    """Tell whether a Unix socket in the directory has a path the kernel takes."""
    return len(os.fsencode(directory)) + len("/.s.PGSQL.65535") < SOCKET_PATH_LIMIT


def _switch(*, on: bool) -> str:
    return "on" if on else "off"


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''").replace("\\", "\\\\")
    return f"'{doubled}'"
