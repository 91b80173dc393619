"""The addresses of the platform that runs on a state directory, for other commands.

While `gezhi up` or `gezhi demo` runs, its settings stand in a private file of the state
directory, so that `gezhi import`, `gezhi token` or `gezhi feed` beside it need nothing.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gezhi.settings import Settings
from gezhi.stack.home import Home
from gezhi.stack.secrets import write_private


def _file(home: Home) -> Path:
    return home.secrets / "running.json"


@contextmanager
def announced(home: Home, settings: Settings) -> Iterator[None]:
    """Keep the platform's settings readable to its owner while it runs."""
    path = _file(home)
    write_private(path, json.dumps(settings.environ(), indent=1) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def with_running(environ: Mapping[str, str], home: Home) -> dict[str, str]:
    """Return the environment, with what it lacks taken from the running platform.

    An environment that names a database of its own is left as it is.
    """
    path = _file(home)
    if environ.get("DATABASE_URL") or not path.exists():
        return dict(environ)
    try:
        found = json.loads(path.read_text("utf-8"))
    except PermissionError:
        return dict(environ)
    return {**{str(name): str(word) for name, word in found.items()}, **environ}
