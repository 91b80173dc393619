"""The demo's own copy of the sample city, on ports nobody else listens on."""

import csv
import shutil
from pathlib import Path

from gezhi.processes.simulators import SAMPLE_CITY
from gezhi.stack.loopback import free_port, is_free


def demo_city(folder: Path) -> Path:
    """Copy the sample city; a gateway whose port is taken gets a free one.

    Args:
        folder: Where the copy goes; an older one is replaced.

    Returns:
        The folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE_CITY, folder)
    path = folder / "gateways.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["host"]:
            row["port"] = str(_free(int(row["port"])))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _free(port: int) -> int:
    return port if is_free(port) else free_port()
