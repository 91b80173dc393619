"""The demo's own copy of the sample city: free ports, and the disk that it fills."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from gezhi.processes.simulators import SAMPLE_CITY
from gezhi.stack.loopback import free_port, is_free

Line: TypeAlias = dict[str, str]
"""One line of a table of the city, by column."""

OWN_GATEWAY = "self"
"""Code of the gateway behind which the sample city has the platform's own disk."""


def demo_city(folder: Path, *, disk: Path) -> Path:
    """Copy the sample city; a gateway whose port is taken gets a free one.

    Args:
        folder: Where the copy goes; an older one is replaced.
        disk: The directory by which ingest watches the database's disk.

    Returns:
        The folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE_CITY, folder)

    def on_free_port(line: Line) -> Line:
        return line | {"port": str(_free(int(line["port"])))} if line["host"] else line

    def on_our_disk(line: Line) -> Line:
        is_own = line["gateway"] == OWN_GATEWAY
        return line | {"address": str(disk)} if is_own else line

    _rewrite(folder / "gateways.csv", on_free_port)
    _rewrite(folder / "devices.csv", on_our_disk)
    return folder


def _rewrite(path: Path, change: Callable[[Line], Line]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        lines = [change(line) for line in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def _free(port: int) -> int:
    return port if is_free(port) else free_port()
