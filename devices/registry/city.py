"""A city's folder: its files read into rows, everything wrong with them collected.

    city.toml         name_zh, name_en, county, time_zone, centre
    units.csv         responsible units (责任单位)
    cells.geojson     the unit grid (万米单元网格)
    components.csv    components (部件)
    geofences.geojson areas vehicles work in
    vehicles.csv      vehicles
    profiles.csv      kinds of devices
    gateways.csv      what devices speak through
    programmes.csv    when lamps are lit
    devices.csv       devices
    pipes.csv         water mains, for finding bursts

Only city.toml must be there: a folder with one more file changes only what it holds.
References are codes, of rows in these files or in the database. `basemap.geojson` is
for the page and is not read here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from devices.registry import row_readers
from devices.registry.city_facts import CityFacts, read_facts
from devices.registry.fields import Fields
from devices.registry.gateway_reader import gateway
from devices.registry.import_result import Problem
from devices.registry.row_readers import COLUMNS
from devices.registry.sheet import Line, read_lines
from store.registry.rows import Row, Rows

FILES = {
    "units": "units.csv",
    "cells": "cells.geojson",
    "components": "components.csv",
    "geofences": "geofences.geojson",
    "vehicles": "vehicles.csv",
    "profiles": "profiles.csv",
    "gateways": "gateways.csv",
    "programmes": "programmes.csv",
    "devices": "devices.csv",
    "pipes": "pipes.csv",
}
"""File of each kind of row, in the order they can be written."""

AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of a file: what it declares, and whether it can be used."""

    kind: str
    code: str
    line: Line
    is_good: bool


@dataclass(frozen=True, slots=True)
class City:
    """What a folder holds.

    Attributes:
        facts: What holds for the whole city; None if city.toml cannot be used.
        rows: The rows that could be read.
        lines: Every line, in the order of files and lines.
        present: Kinds whose file is there.
        problems: What is wrong in the files by themselves.
    """

    facts: CityFacts | None
    rows: Rows
    lines: list[ReadLine]
    present: frozenset[str]
    problems: list[Problem]

    def codes(self, kind: str) -> set[str]:
        """Return the codes the files declare, of lines with mistakes too."""
        return {read.code for read in self.lines if read.kind == kind}


def read_city(folder: Path) -> City:
    """Read a city's folder."""
    problems: list[Problem] = []
    facts = read_facts(folder, problems)
    reader = _Reader(folder, facts.county if facts else "", problems)
    rows = Rows(
        units=reader.read("units", row_readers.unit),
        cells=reader.read("cells", row_readers.cell),
        components=reader.read("components", row_readers.component),
        geofences=reader.read("geofences", row_readers.geofence),
        vehicles=reader.read("vehicles", row_readers.vehicle),
        profiles=reader.read("profiles", row_readers.profile),
        gateways=reader.read("gateways", gateway),
        programmes=reader.read("programmes", row_readers.programme),
        devices=reader.read("devices", row_readers.device),
        pipes=reader.read("pipes", row_readers.pipe),
    )
    present = frozenset(k for k, file in FILES.items() if (folder / file).exists())
    return City(facts, rows, reader.lines, present, problems)


class _Reader:
    """Reads one file after the other."""

    def __init__(self, folder: Path, county: str, problems: list[Problem]) -> None:
        self.lines: list[ReadLine] = []
        self._folder = folder
        self._county = county
        self._problems = problems

    def read(
        self, kind: str, read_row: Callable[[Fields, str], AnyRow]
    ) -> Mapping[str, AnyRow]:
        path = self._folder / FILES[kind]
        rows: dict[str, AnyRow] = {}
        first: dict[str, int] = {}
        for line in read_lines(path, COLUMNS[kind], self._problems):
            fields = Fields(line, self._problems)
            row = read_row(fields, self._county)
            if row.code in first:
                fields.refuse("code", f"{row.code!r} is in line {first[row.code]} too")
            elif row.code:
                first[row.code] = line.number
            if fields.is_good:
                rows[row.code] = row
            self.lines.append(ReadLine(kind, row.code, line, fields.is_good))
        return rows
