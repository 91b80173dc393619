import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from gezhi.stack import child as child_module
from gezhi.stack.child import Child, ChildDiedError, Program

IGNORES_TERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)"
)

SUPERVISOR = """
import sys, time
from pathlib import Path
from gezhi.stack.child import Child, Program
children = [
    Child(Program(name=str(n), command=["/bin/sleep", "60"], log=Path(sys.argv[1])))
    for n in range(2)
]
for child in children:
    child.start()
print(*(child.pid for child in children), flush=True)
time.sleep(60)
"""


def python(log: Path, code: str, *, patience_s: float = 10.0) -> Child:
    command = [sys.executable, "-c", code]
    program = Program(name="it", command=command, log=log, patience_s=patience_s)
    return Child(program)


async def test_a_child_ends_by_its_stop_signal(tmp_path: Path) -> None:
    child = Child(Program(name="it", command=["/bin/sleep", "60"], log=tmp_path / "l"))
    child.start()
    assert child.is_running
    assert child.exit_code is None
    assert await child.stop() == -signal.SIGTERM
    assert not child.is_running


async def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    child = python(tmp_path / "log", IGNORES_TERM, patience_s=0.1)
    child.start()
    await child.wait_ready(lambda: child.last_words() == "ready", within_s=60)
    assert await child.stop() == -signal.SIGKILL


async def test_a_child_that_dies_early_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("from an earlier run\n")
    child = python(log, "raise SystemExit('no such luck')")
    child.start()
    with pytest.raises(ChildDiedError) as died:
        await child.wait_ready(lambda: False, within_s=60)
    assert (died.value.exit_code, died.value.last_words) == (1, "no such luck")


async def test_waiting_for_a_child_ends_in_time(tmp_path: Path) -> None:
    child = python(tmp_path / "log", IGNORES_TERM)
    child.start()
    with pytest.raises(TimeoutError):
        await child.wait_ready(lambda: False, within_s=0.1)
    assert await child.kill() == -signal.SIGKILL


async def test_a_child_is_started_once_at_a_time(tmp_path: Path) -> None:
    child = Child(Program(name="it", command=["/bin/sleep", "60"], log=tmp_path / "l"))
    with pytest.raises(LookupError):
        _ = child.pid
    child.start()
    with pytest.raises(RuntimeError):
        child.start()
    await child.kill()
    child.start()
    await child.kill()


async def test_killing_takes_the_childs_own_children_along(tmp_path: Path) -> None:
    code = (
        "import subprocess; p = subprocess.Popen(['/bin/sleep', '60']);"
        "print(p.pid, flush=True); p.wait()"
    )
    child = python(tmp_path / "log", code)
    child.start()
    await child.wait_ready(lambda: child.last_words() != "", within_s=60)
    grandchild = int(child.last_words())
    await child.kill()
    await until_gone([grandchild])


async def test_the_log_of_a_running_child_stays_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "LOG_KEPT_BYTES", 10_000)
    monkeypatch.setattr(child_module, "LOG_LOOK_S", 0.0)
    log, kept = tmp_path / "log", tmp_path / "log.1"
    child = python(log, "while True: print('x' * 999, flush=True)")
    child.start()
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        tasks.create_task(child.wait(), name="wait")
        while not kept.exists():  # noqa: ASYNC110 a file is not an event
            await asyncio.sleep(0.01)
        await child.kill()
    # What comes after the cut stands at the beginning, without a hole.
    assert log.read_bytes().count(b"\0") == 0


async def test_a_long_log_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "LOG_KEPT_BYTES", 10)
    log = tmp_path / "log"
    log.write_text("more than ten octets\n")
    child = python(log, "print('new')")
    child.start()
    assert await child.wait() == 0
    assert log.read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "more than ten octets\n"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's parent-death signal")
async def test_nothing_is_orphaned_when_the_supervisor_is_killed(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")]
    supervisor = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert supervisor.stdout is not None
    children = [int(word) for word in (await supervisor.stdout.readline()).split()]
    assert len(children) == 2
    assert all(is_alive(pid) for pid in children)
    supervisor.kill()
    await supervisor.wait()
    await until_gone(children)


async def until_gone(pids: list[int]) -> None:
    async with asyncio.timeout(300):
        while any(is_alive(pid) for pid in pids):  # noqa: ASYNC110 not our children
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """A process nobody waited for yet is dead all the same."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
