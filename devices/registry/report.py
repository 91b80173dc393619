"""What is wrong with rows that are each good by themselves, told at their lines."""

from devices.registry.city import FILES, City
from devices.registry.import_result import Problem


class Report:
    """Collects problems of rows, found by kind and code."""

    def __init__(self, city: City) -> None:
        """Start a report on a city's files."""
        self.problems: list[Problem] = []
        self._lines = {
            (read.kind, read.code): read.line.number
            for read in city.lines
            if read.is_good
        }

    def line_of(self, kind: str, code: str) -> int:
        """Return the line that declares a row; 0 if no file does."""
        return self._lines.get((kind, code), 0)

    def refuse(self, kind: str, code: str, column: str, message: str) -> None:
        """Say that a field of a row is wrong."""
        line = self.line_of(kind, code)
        self.problems.append(Problem(FILES[kind], line, column, message))
