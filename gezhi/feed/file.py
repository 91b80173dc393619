"""Recorded files, row by row: CSV and JSON lines, gzipped or not."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from gezhi.feed.columns import Row

JSON_SUFFIXES = (".ndjson", ".jsonl", ".geojsonl")
"""Names of files with one JSON object a line."""


class FileFormError(ValueError):
    """A file's name does not say what it is."""


def row_count(file: Path) -> int:
    """Return about how many rows a file has; for a progress bar."""
    with _open(file) as lines:
        return sum(1 for _ in lines)


def rows_of(file: Path) -> Iterator[Row]:
    """Yield a file's rows; a line that is no JSON object gives an empty one.

    Raises:
        FileFormError: If the name ends neither in .csv nor in .ndjson or .jsonl.
    """
    name = file.name.removesuffix(".gz")
    with _open(file) as lines:
        if name.endswith(".csv"):
            yield from csv.DictReader(lines)
        elif name.endswith(JSON_SUFFIXES):
            yield from _objects(lines)
        else:
            raise FileFormError(
                f"{file.name} is neither .csv nor .ndjson, .jsonl (.gz)"
            )


def _objects(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError:
                value = {}
            yield value if isinstance(value, dict) else {}


def _open(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")
