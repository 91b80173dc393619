"""Secrets: random, made when first asked for, one private file each."""

import os
import secrets
from pathlib import Path

SECRET_BYTES = 24
"""Random octets in a secret: 192 bits, as 32 letters that no address needs quoted."""


def secret(directory: Path, name: str) -> str:
    """Return the secret of that name, making it at the first call.

    Two callers at once get the same one: the file is linked into place whole, and the
    second link is refused.
    """
    path = directory / name
    if not path.exists():
        _keep(path, secrets.token_urlsafe(SECRET_BYTES))
    return path.read_text(encoding="ascii").strip()


def write_private(
    path: Path, text: str, *, owner: tuple[int, int] | None = None
) -> None:
    """Write a file of mode 0600 so that readers see the old or the new one, whole.

    Args:
        path: The file; its directory exists.
        text: What it holds.
        owner: Numbers of the user and group who own it; by default the process's own.
    """
    draft = _draft(path, text)
    if owner is not None:
        os.chown(draft, *owner)
    draft.replace(path)


def _keep(path: Path, made: str) -> None:
    draft = _draft(path, made + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another caller was first; its secret holds
    finally:
        draft.unlink()


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
