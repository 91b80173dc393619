"""How far a feed has come, kept on disk so that it can go on where it was cut off."""

import json
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

CHUNK = 1 << 20
"""Octets read at once for the digest."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one feed of one file keeps its place.

    Attributes:
        path: The file that holds it.
    """

    path: Path

    def rows(self) -> int:
        """Return how many rows have been dealt with: acknowledged or refused."""
        try:
            return int(json.loads(self.path.read_text("utf-8"))["rows"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def save(self, rows: int) -> None:
        """Remember that so many rows have been dealt with."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps({"rows": rows}) + "\n", "utf-8")
        beside.replace(self.path)


def progress_of(state_dir: Path, file: Path, *, gateway: str, mapping: str) -> Progress:
    """Return where the feed of a file's content, so mapped, keeps its place."""
    digest = blake2b(f"{gateway}\0{mapping}\0".encode(), digest_size=8)
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return Progress(state_dir / "feed" / f"{digest.hexdigest()}.json")
