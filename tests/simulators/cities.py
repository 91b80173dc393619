"""Copies of the sample city that tests may change."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.ports import free_port
from tests.simulators.towns import SAMPLE_CITY

Row = dict[str, str]


def sample_city_on_free_ports(folder: Path) -> Path:
    shutil.copytree(SAMPLE_CITY, folder)
    change_gateways(
        folder, lambda row: row | {"port": str(free_port())} if row["port"] else row
    )
    return folder


def change_gateways(folder: Path, change: Callable[[Row], Row]) -> None:
    path = folder / "gateways.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [change(row) for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def ports_of(folder: Path) -> dict[str, int]:
    with (folder / "gateways.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: int(row["port"] or 0) for row in csv.DictReader(file)}
