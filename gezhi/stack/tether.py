"""Run a program that dies with its parent: `tether.py PARENT SIGNAL USER -- PROGRAM`.

A file to execute, not to import: it is started without site packages, takes on the
child's user, asks the kernel to signal it when the parent ends (Linux, prctl(2)
PR_SET_PDEATHSIG; elsewhere nothing is asked), and becomes the program. Doing this
between fork and exec instead would run Python code in a forked, threaded process.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
"""The prctl(2) option that sets the parent's-death signal."""

ORPHANED = 125
"""Exit status when the parent was gone before we could ask."""


def main() -> None:
    """Become the program; see the module's text for the arguments."""
    parent, number, user, dashes, *command = sys.argv[1:]
    if dashes != "--":
        raise SystemExit(f"-- expected, not {dashes}")
    if user:
        become(user)
    # After the change of user, which would clear it; exec keeps it.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(parent):
        raise SystemExit(ORPHANED)
    os.execv(command[0], command)  # noqa: S606 the program is our own choice, no shell


def become(user: str) -> None:
    """Take on a user's rights for good."""
    found = pwd.getpwnam(user)
    os.initgroups(user, found.pw_gid)
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


if __name__ == "__main__":
    main()
