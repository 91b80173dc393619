"""The state directory: where the private database, broker, secrets and logs live."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOTS_HOME = Path("/var/lib/gezhi")
"""The state directory of root, whose own home is closed to the database's user."""


class HomeInUseError(RuntimeError):
    """Another process is running on this state directory."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"another gezhi is running on {root}")
        self.root = root


@dataclass(frozen=True, slots=True)
class Home:
    """A state directory and its parts; see `open_home`."""

    root: Path

    @property
    def cluster(self) -> Path:
        """Directory of the database cluster."""
        return self.root / "cluster"

    @property
    def broker(self) -> Path:
        """Directory of the broker's settings and its queue."""
        return self.root / "broker"

    @property
    def secrets(self) -> Path:
        """Directory of passwords, one file each."""
        return self.root / "secrets"

    @property
    def log(self) -> Path:
        """Directory of the children's log files."""
        return self.root / "log"


def home_path(environment: Mapping[str, str], *, is_root: bool) -> Path:
    """Say where the state directory is.

    Args:
        environment: The process's variables: GEZHI_HOME, else XDG_STATE_HOME
            (XDG Base Directory Specification 0.8), else HOME.
        is_root: Whether the process runs as root.
    """
    if named := environment.get("GEZHI_HOME"):
        return Path(named).absolute()
    if is_root:
        return ROOTS_HOME
    state = environment.get("XDG_STATE_HOME", "")
    if not Path(state).is_absolute():  # the specification: ignore relative paths
        state = str(Path(environment.get("HOME", "~")).expanduser() / ".local/state")
    return Path(state) / "gezhi"


def open_home(root: Path) -> Home:
    """Make the state directory's parts where they are missing."""
    home = Home(root)
    # Open to pass through: the database and the broker run as users of their own.
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    for part in (home.cluster, home.broker):
        part.mkdir(mode=0o711, exist_ok=True)
    for part in (home.secrets, home.log):
        part.mkdir(mode=0o700, exist_ok=True)
    return home


@contextmanager
def claim(home: Home) -> Iterator[None]:
    """Hold the state directory for this process alone.

    The kernel lets go of the claim when the process ends, however it ends.

    Raises:
        HomeInUseError: If another process holds it.
    """
    descriptor = os.open(home.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, home)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Home) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HomeInUseError(home.root) from None
