"""Files of a city as lines of text fields: CSV and GeoJSON look alike from here on.

Nothing is interpreted but the form of the files; whatever is wrong with that is a
`Problem`, and the lines that can be read still are.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from devices.registry.import_result import Problem

GEOMETRY = "geometry"
"""Field that holds a feature's GeoJSON geometry."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a file may have; those not required may be left out or empty."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """All of them."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table or one feature of a collection.

    Attributes:
        file: Name of the file.
        number: Where it starts, from 1.
        fields: Text by column, stripped; absent columns are empty.
    """

    file: str
    number: int
    fields: Mapping[str, str]


def read_lines(path: Path, columns: Columns, problems: list[Problem]) -> list[Line]:
    """Read a file's lines; a file that is not there has none.

    Args:
        path: A `.csv` or `.geojson` file.
        columns: What it may hold.
        problems: Where to add what is wrong.
    """
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"octet {error.start} is not UTF-8; save the file as UTF-8"
        problems.append(Problem(path.name, 0, "", message))
        return []
    read = _features if path.suffix == ".geojson" else _table
    return list(read(path.name, text, columns, problems))


def _table(
    file: str, text: str, columns: Columns, problems: list[Problem]
) -> Iterator[Line]:
    rows = _rows(file, text, problems)
    _, names = next(rows, (1, []))
    header = [name.strip() for name in names]
    if not _is_header_good(file, header, columns, problems):
        return
    for number, values in rows:
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(header):
            message = f"{len(values)} fields under {len(header)} columns"
            problems.append(Problem(file, number, "", message))
            continue
        stripped = (value.strip() for value in values)
        yield Line(file, number, dict(zip(header, stripped, strict=True)))


def _rows(
    file: str, text: str, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it starts on; a quoted field may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for values in reader:
            yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(file, start, "", f"the CSV breaks off: {error}"))


def _is_header_good(
    file: str, header: list[str], columns: Columns, problems: list[Problem]
) -> bool:
    """Check a header; false if the lines below it cannot be understood."""
    found: list[Problem] = []
    for name in sorted(set(header)):
        if name not in columns.known:
            found.append(Problem(file, 1, name, _unknown_column(name, columns)))
        elif header.count(name) > 1:
            found.append(Problem(file, 1, name, "the column is there twice"))
    missing = [name for name in columns.required if name not in header]
    if missing:
        message = f"columns are missing: {', '.join(missing)}"
        found.append(Problem(file, 1, "", message))
    problems += found
    return not missing


def _unknown_column(name: str, columns: Columns) -> str:
    near = get_close_matches(name, columns.known, n=1)
    if near:
        return f"no such column; did you mean {near[0]}?"
    return f"no such column; there are {', '.join(columns.known)}"


def _features(
    file: str, text: str, columns: Columns, problems: list[Problem]
) -> Iterator[Line]:
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"no JSON: {error.msg} at column {error.colno}"
        problems.append(Problem(file, error.lineno, "", message))
        return
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        message = "no GeoJSON FeatureCollection: it has no list of features"
        problems.append(Problem(file, 1, "", message))
        return
    starts = _feature_lines(text, len(features))
    for number, feature in zip(starts, features, strict=True):
        match feature:
            case {"properties": dict(properties), "geometry": dict(geometry)}:
                for name in sorted(properties.keys() - set(columns.known)):
                    message = _unknown_column(name, columns)
                    problems.append(Problem(file, number, name, message))
                fields = {name: _text(value) for name, value in properties.items()}
                yield Line(file, number, {**fields, GEOMETRY: json.dumps(geometry)})
            case _:
                message = "no GeoJSON feature: it needs properties and a geometry"
                problems.append(Problem(file, number, "", message))


def _feature_lines(text: str, count: int) -> list[int]:
    """Return the line each feature starts on."""
    decoder = json.JSONDecoder()
    at = text.index("[", text.index('"features"')) + 1
    lines: list[int] = []
    for _ in range(count):
        while text[at] in ", \t\r\n":
            at += 1
        lines.append(text.count("\n", 0, at) + 1)
        _, at = decoder.raw_decode(text, at)
    return lines


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)
