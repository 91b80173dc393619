"""A private PostgreSQL cluster: made at the first start, then started and stopped."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import asyncpg

from gezhi.stack.account import Account, can_reach, unprivileged
from gezhi.stack.child import POLL_S, Child, ChildDiedError, Program
from gezhi.stack.home import Home
from gezhi.stack.loopback import LOOPBACK, is_free, kept_port
from gezhi.stack.postgres_binaries import Binaries, find_binaries
from gezhi.stack.postgres_settings import (
    AUTHENTICATION,
    ClusterSettings,
    machine_memory_bytes,
    postgresql_conf,
)
from gezhi.stack.secrets import secret, write_private

OWNER = "gezhi"
"""The role our processes connect as, and the database it owns; not a superuser."""

ADMIN = "postgres"
"""The cluster's superuser."""

READY_S = 120.0
"""How long a start may take; recovery after a crash replays the log first."""

STOP_S = 60.0
"""How long a fast shutdown may take; it writes a checkpoint."""

POLICY_WORKERS = 4
"""Background processes of TimescaleDB's community edition."""

PROCESSES = Path("/proc")
"""Where Linux lists its processes."""

START_ATTEMPTS = 3
"""Starts tried when each time someone else takes the port just chosen."""


class ClusterError(RuntimeError):
    """The private cluster cannot be run; the message says what to do."""


class Cluster:
    """The private cluster of one state directory."""

    def __init__(
        self,
        home: Home,
        *,
        binaries: Binaries | None = None,
        with_timescaledb: bool = True,
        is_durable: bool = True,
    ) -> None:
        """Describe the cluster; nothing is made or started yet.

        Args:
            home: Its state directory.
            binaries: The PostgreSQL to run; found by itself when not given.
            with_timescaledb: Load the extension's library where it is installed.
            is_durable: See `ClusterSettings`.
        """
        self._home = home
        self._binaries = binaries
        self._wants_timescaledb = with_timescaledb
        self._is_durable = is_durable
        self._account = unprivileged("postgres")
        self._data = home.cluster / "data"
        self._port = 0
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The loopback port, once started."""
        return self._port

    @property
    def binaries(self) -> Binaries:
        """The PostgreSQL that is run."""
        if self._binaries is None:
            self._binaries = find_binaries(major=_major_of(self._data))
        return self._binaries

    @property
    def has_timescaledb(self) -> bool:
        """Whether the extension's library is loaded."""
        return self._wants_timescaledb and self.binaries.has_timescaledb

    @property
    def child(self) -> Child:
        """The server process."""
        if self._child is None:
            raise ClusterError("the cluster was not started")
        return self._child

    def dsn(self, database: str = OWNER) -> str:
        """Return the address of a database, for the role that owns it."""
        return self._address(OWNER, database)

    def admin_dsn(self, database: str = ADMIN) -> str:
        """Return the address of a database, for the superuser."""
        return self._address(ADMIN, database)

    async def start(self) -> None:
        """Start the server, making the cluster, the role and the database if missing.

        Raises:
            ClusterError: If the directory or the installed programs do not fit.
            ChildDiedError: If PostgreSQL refuses; its log is quoted.
        """
        self._prepare()
        if not self._data.exists():
            await self._initialise()
        self._check_extension()
        await self._wait_for_leftovers()
        await self._start_server()
        await self._ensure_owner()

    async def stop(self) -> None:
        """Shut down: sessions are ended, a checkpoint is written."""
        await self.child.stop()

    async def kill(self) -> None:
        """End the server by SIGKILL and wait until its sessions have noticed."""
        await self.child.kill()
        await self._wait_for_leftovers()

    def _address(self, role: str, database: str) -> str:
        password = secret(self._home.secrets, f"postgres-{role}")
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self._port}/{database}"

    def _prepare(self) -> None:
        user = self._account.name if self._account else ""
        if not can_reach(self._account, self._home.cluster / "data"):
            raise ClusterError(
                f"the user {user}, who runs the database, may not enter "
                f"{self._home.root}: name another directory by GEZHI_HOME"
            )
        if not can_reach(self._account, self.binaries.directory / "postgres"):
            raise ClusterError(
                f"the user {user}, who runs the database, may not enter "
                f"{self.binaries.directory}: run scripts/install-system, or be "
                "somebody else than root"
            )
        _own(self._home.cluster, self._account)

    async def _initialise(self) -> None:
        """Run initdb beside the final place, so that half a cluster never counts."""
        draft, password = self._data.with_name("data.new"), self._data.with_name("pass")
        shutil.rmtree(draft, ignore_errors=True)
        made = secret(self._home.secrets, f"postgres-{ADMIN}")
        owner = self._account.ids if self._account else None
        write_private(password, made + "\n", owner=owner)
        words = ["--no-locale", "-E", "UTF8", "-A", "scram-sha-256", "--data-checksums"]
        words += [] if self._is_durable else ["--no-sync"]
        try:
            run = Child(
                self._program(
                    "initdb",
                    [*words, "-U", ADMIN, "--pwfile", str(password), "-D", str(draft)],
                )
            )
            run.start()
            if code := await run.wait():
                raise ChildDiedError("initdb", code, run.last_words())
        finally:
            password.unlink()
        draft.rename(self._data)

    def _check_extension(self) -> None:
        conf = self._data / "postgresql.conf"
        was_loaded = "\nshared_preload_libraries = 'timescaledb'" in conf.read_text()
        if was_loaded and not self.binaries.has_timescaledb:
            raise ClusterError(
                f"{self._data} was used with TimescaleDB, which is no longer installed "
                f"beside {self.binaries.directory}: run scripts/install-system as root"
            )

    async def _wait_for_leftovers(self) -> None:
        """Wait for the processes of an earlier server, then forget its lock file."""
        async with asyncio.timeout(STOP_S):
            while _pids_in(self._data):  # noqa: ASYNC110 there is nothing to await
                await asyncio.sleep(POLL_S)
        self._forget_lock()

    def _forget_lock(self) -> None:
        # The number in it may be another program's by now, which PostgreSQL would take
        # for a running server. Without /proc we cannot know, and leave it to judge.
        if PROCESSES.exists():
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    async def _start_server(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            self._port = kept_port(self._home.cluster / "port")
            self._write_settings()
            self._child = Child(self._program("postgres", ["-D", str(self._data)]))
            self._child.start()
            try:
                await self._child.wait_ready(self._is_ready, within_s=READY_S)
            except ChildDiedError:
                if attempt == START_ATTEMPTS or is_free(self._port):
                    raise
            else:
                return

    def _write_settings(self) -> None:
        settings = ClusterSettings(
            port=self._port,
            sockets=self._home.cluster,
            with_timescaledb=self.has_timescaledb,
            timescaledb_workers=POLICY_WORKERS if self.binaries.has_policies else 0,
            is_durable=self._is_durable,
            memory_bytes=machine_memory_bytes(),
        )
        owner = self._account.ids if self._account else None
        write_private(
            self._data / "postgresql.conf", postgresql_conf(settings), owner=owner
        )
        write_private(self._data / "pg_hba.conf", AUTHENTICATION, owner=owner)

    def _is_ready(self) -> bool:
        """Read the server's own word: line 8 of its lock file, as pg_ctl does."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[0:1] == [str(self.child.pid)] and lines[7:8] == ["ready   "]

    async def _ensure_owner(self) -> None:
        admin = await asyncpg.connect(self.admin_dsn())
        try:
            if not await admin.fetchval(
                "SELECT true FROM pg_roles WHERE rolname = $1", OWNER
            ):
                made = secret(self._home.secrets, f"postgres-{OWNER}")
                await admin.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{made}'")
            if not await admin.fetchval(
                "SELECT true FROM pg_database WHERE datname = $1", OWNER
            ):
                await admin.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
        finally:
            await admin.close()

    def _program(self, name: str, arguments: list[str]) -> Program:
        return Program(
            name=name,
            command=[str(self.binaries.directory / name), *arguments],
            log=self._home.log / f"{name}.log",
            user=self._account.name if self._account else "",
            # Nothing of ours, such as a DATABASE_URL or a locale, reaches the server.
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=self._home.cluster,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
            patience_s=STOP_S,
        )


def _own(directory: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(directory, *account.ids)


def _major_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _pids_in(directory: Path) -> list[int]:
    """List the processes at home in a directory, as every PostgreSQL process is."""
    found = []
    for process in PROCESSES.glob("[0-9]*"):
        try:
            at_home = (process / "cwd").readlink() == directory
        except OSError:  # it ended, or belongs to someone else
            continue
        if at_home:
            found.append(int(process.name))
    return found
