"""The unprivileged user a child runs as when we are root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    user_id: int
    group_id: int

    @property
    def ids(self) -> tuple[int, int]:
        """User and group, as chown(2) takes them."""
        return self.user_id, self.group_id


def unprivileged(*names: str) -> Account | None:
    """Return the first of the named users that exists, else `nobody`.

    Returns:
        None when this process is not root: its children run as itself.
    """
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise LookupError("root needs an unprivileged user to run children as; none exists")


def can_reach(account: Account | None, path: Path) -> bool:
    """Tell whether a user may walk down to `path` (which may not exist yet)."""
    if account is None:
        return True
    parents = [parent for parent in path.absolute().parents if parent.is_dir()]
    return all(_may_enter(account, parent) for parent in parents)


def _may_enter(account: Account, directory: Path) -> bool:
    found = directory.stat()
    if found.st_uid == account.user_id:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.group_id:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
