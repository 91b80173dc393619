"""The terminals that are on the line, one line each."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from ingest.protocols.jt808 import Body

log = logging.getLogger(__name__)


class Line(Protocol):
    """A terminal that has proved who it is and can be spoken to."""

    name: str

    def say(self, body: Body) -> tuple[int, ...]:
        """Send a message; return its serial number, or those of its sub-packages."""

    def hang_up(self, why: str) -> None:
        """Close the line."""


class Lines:
    """Who is on the line, by device.

    Attributes:
        on_come: Told when somebody has come.
    """

    def __init__(self) -> None:
        self.on_come: Callable[[], object] = _nobody_listens
        self._by_device: dict[int, Line] = {}

    def come(self, device_id: int, line: Line, *, code: str) -> None:
        """Take note that a device is on a line; a line it had before is closed."""
        before = self._by_device.get(device_id)
        self._by_device[device_id] = line
        if before is not None and before is not line:
            log.warning(
                "%s is on two lines: %s goes, %s stays", code, before.name, line.name
            )
            before.hang_up("the terminal has called anew")
        self.on_come()

    def go(self, device_id: int, line: Line) -> None:
        """Take note that a device has left a line."""
        if self._by_device.get(device_id) is line:
            del self._by_device[device_id]

    def of(self, device_id: int) -> Line | None:
        """Return the line a device is on."""
        return self._by_device.get(device_id)

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._by_device))

    def __len__(self) -> int:
        return len(self._by_device)


def _nobody_listens() -> None:
    pass
