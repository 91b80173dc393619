"""A disk of its own that is soon full: a tmpfs, which takes root to mount.

Without root there is no second form: a quota needs the administrator too, and a limit
on a file's size (RLIMIT_FSIZE) is another error than a full disk.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(size_mib: int) -> Iterator[Path]:
    """Mount an empty disk; the test is skipped where that is not permitted."""
    root = Path(tempfile.mkdtemp(prefix="gezhi-disk-"))
    options = f"size={size_mib}m,mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)]
    try:
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a disk of its own is not permitted here")
        try:
            yield root
        finally:
            subprocess.run(["umount", "--lazy", str(root)], check=True)
    finally:
        root.rmdir()


def fill(root: Path, *, leave_mib: float, name: str = "ballast") -> Path:
    """Fill a disk but for some room; delete the returned file to empty it again."""
    ballast = root / name
    size = shutil.disk_usage(root).free - int(leave_mib * (1 << 20))
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return ballast
