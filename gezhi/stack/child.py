"""A supervised child process: start, wait until ready, stop. Never left an orphan.

A child runs in a process group of its own (a Ctrl-C in the terminal reaches only us),
writes to a log file, and is signalled by the kernel when we end, even by kill -9. The
methods may be called from any event loop. The parent's-death signal is tied to the
thread that starts the child: start children from one that lives as long as they should.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.02
"""Seconds between two looks at a child."""

LOG_KEPT_BYTES = 10_000_000
"""A log file longer than this is set aside; one such `.1` is kept."""

LOG_LOOK_S = 10.0
"""Seconds between two looks at the length of a running child's log."""

TAIL_BYTES = 4_000
"""How much of its log a dead child is quoted with."""

TETHER = Path(__file__).with_name("tether.py")
"""What ties a child's life to ours."""


class ChildDiedError(RuntimeError):
    """A child ended before it was ready; carries its exit code and last words."""

    def __init__(self, name: str, exit_code: int, last_words: str) -> None:
        super().__init__(f"{name} ended with {exit_code}:\n{last_words}")
        self.name = name
        self.exit_code = exit_code
        self.last_words = last_words


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: Sequence[str]
    """An absolute path and its arguments."""
    log: Path
    user: str = ""
    """The user to run as, when we are root; empty for our own."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 10.0
    """Seconds between the stop signal and SIGKILL."""


class Child:
    """One program, started at most once at a time."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The process's number.

        Raises:
            LookupError: If it was never started.
        """
        return self._started.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal); None while it runs."""
        return self._started.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LookupError(f"{self.program.name} was not started")
        return self._process

    def start(self) -> None:
        """Start the program; it need not be ready when this returns."""
        if self.is_running:
            raise RuntimeError(f"{self.program.name} is running already")
        log = os.open(self.program.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            self._shorten_log()
            self._log_start = os.fstat(log).st_size
            self._process = subprocess.Popen(  # noqa: S603 our own command, no shell
                _tethered(self.program),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.program.directory,
                env=dict(self.program.environment),
                process_group=0,
            )
        finally:
            os.close(log)

    async def wait_ready(
        self, is_ready: Callable[[], bool], *, within_s: float
    ) -> None:
        """Wait until a condition holds.

        Raises:
            ChildDiedError: If the child ends first.
            TimeoutError: If neither happens in time; the child is left running.
        """
        async with asyncio.timeout(within_s):
            while not is_ready():
                if self.exit_code is not None:
                    name = self.program.name
                    raise ChildDiedError(name, self.exit_code, self.last_words())
                await asyncio.sleep(POLL_S)

    async def wait(self) -> int:
        """Wait for the end and return the exit code; meanwhile keep its log short."""
        process = self._started
        next_look = 0.0
        while (code := process.poll()) is None:
            if (now := time.monotonic()) >= next_look:
                self._shorten_log()
                next_look = now + LOG_LOOK_S
            await asyncio.sleep(POLL_S)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program itself."""
        self._started.send_signal(number)

    async def stop(self) -> int:
        """End the program politely, then by force; return the exit code."""
        self.send(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.patience_s):
                return await self.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End the program and its process group at once; return the exit code."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return await self.wait()

    def last_words(self) -> str:
        """Return the end of what it wrote since it was started last."""
        with self.program.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - TAIL_BYTES))
            return file.read().decode(errors="replace").strip()

    def has_said(self, words: str) -> bool:
        """Tell whether it wrote something since it was started last."""
        with self.program.log.open("rb") as file:
            file.seek(self._log_start)
            return words.encode() in file.read()

    def _shorten_log(self) -> None:
        # The child appends, so what it writes next stands at the new beginning.
        log = self.program.log
        if log.stat().st_size > LOG_KEPT_BYTES:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            os.truncate(log, 0)
            self._log_start = 0


def _tethered(program: Program) -> list[str]:
    number = str(int(program.stop_signal))
    tether = [sys.executable, "-I", "-S", str(TETHER)]
    return [*tether, str(os.getpid()), number, program.user, "--", *program.command]
