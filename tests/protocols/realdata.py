"""Messages of others, kept beside the checkout; tests skip where they are absent."""

import gzip
from pathlib import Path

import msgspec
import pytest

FOLDER = Path(__file__).parents[2].parent / "shared" / "realdata"


def realdata(name: str) -> list[dict[str, object]]:
    """Return the records of a JSON file, or of a gzipped one with one a line."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    if path.suffix == ".gz":
        lines = gzip.decompress(path.read_bytes()).splitlines()
        return [msgspec.json.decode(line, type=dict[str, object]) for line in lines]
    return msgspec.json.decode(path.read_bytes(), type=list[dict[str, object]])
