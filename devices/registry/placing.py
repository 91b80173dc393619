"""Which cell a component or device stands in, and where a device stands at all."""

from dataclasses import replace

from devices.registry.areas import Areas
from devices.registry.city import City
from devices.registry.report import Report
from store.registry.rows import ComponentRow, DeviceRow, Rows
from vocabulary.device import DeviceKind
from vocabulary.geometry import distance_m

ACCURACY_M = 10.0
"""How wrong a surveyed place may be: class C of CJ/T 214."""


class Placing:
    """Finds places and cells, and reports what has none.

    While a cell itself has mistakes, points in no cell are not reported: they may well
    lie in that one.
    """

    def __init__(self, city: City, merged: Rows, report: Report) -> None:
        """Index the cells in force.

        Args:
            city: What the files declare.
            merged: The registry as it would be with it.
            report: Where to tell.
        """
        live = {c.code: c.polygon for c in merged.cells.values() if c.ended_on is None}
        self._areas = Areas(live)
        self._live = live
        self._merged = merged
        self._report = report
        self._tells_lost = not any(
            read.kind == "cells" and not read.is_good for read in city.lines
        )

    def component(self, row: ComponentRow) -> ComponentRow:
        """Return a component with its cell."""
        cell = self._cell("components", row.code, row.lon, row.lat, row.cell)
        return replace(row, cell=cell)

    def device(self, row: DeviceRow, components: dict[str, ComponentRow]) -> DeviceRow:
        """Return a device with its place and cell.

        Args:
            row: As its file has it.
            components: The components of the files, placed.
        """
        profile = self._merged.profiles.get(row.profile)
        if profile is None:
            return row
        if profile.kind == DeviceKind.VEHICLE:
            return self._without_place(row)
        if row.component is not None:
            known = self._merged.components
            component = components.get(row.component) or known.get(row.component)
            return self._at_component(row, component) if component else row
        if row.lon is None or row.lat is None:
            message = "is empty; a device that watches no component needs lon and lat"
            column = "lon" if row.lon is None else "lat"
            self._report.refuse("devices", row.code, column, message)
            return row
        cell = self._cell("devices", row.code, row.lon, row.lat, row.cell)
        return replace(row, cell=cell)

    def _without_place(self, row: DeviceRow) -> DeviceRow:
        for column, value in (("lon", row.lon), ("lat", row.lat), ("cell", row.cell)):
            if value is not None:
                message = "a vehicle's terminal stands nowhere; leave it empty"
                self._report.refuse("devices", row.code, column, message)
        return row

    def _at_component(self, row: DeviceRow, component: ComponentRow) -> DeviceRow:
        """Return a device where its component is: that place was surveyed."""
        if row.lon is not None and row.lat is not None:
            off_m = distance_m(row.lon, row.lat, component.lon, component.lat)
            if off_m > ACCURACY_M:
                message = (
                    f"is {off_m:.0f} m from its component {component.code}; leave lon "
                    "and lat empty, the component's surveyed place is taken"
                )
                self._report.refuse("devices", row.code, "lon", message)
        cell = row.cell or component.cell
        return replace(row, lon=component.lon, lat=component.lat, cell=cell)

    def _cell(
        self, kind: str, code: str, lon: float, lat: float, named: str | None
    ) -> str | None:
        """Return the cell of a point, or the one named if the point is near enough."""
        if named is None:
            found = self._areas.at(lon, lat)
            if found is None and self._tells_lost:
                self._report.refuse(kind, code, "lon", self._lost(lon, lat))
            return found
        if named in self._live:
            off_m = self._areas.distance_m(named, lon, lat)
            if off_m > ACCURACY_M:
                message = (
                    f"{named} is {off_m:.0f} m from ({lon}, {lat}); leave it empty to "
                    "take the cell the point lies in"
                )
                self._report.refuse(kind, code, "cell", message)
        return named

    def _lost(self, lon: float, lat: float) -> str:
        point = f"({lon}, {lat}) lies in no cell"
        near = self._areas.nearest(lon, lat)
        if near is None:
            return f"{point}: there are no cells"
        swapped = " (are lon and lat swapped?)" if self._areas.at(lat, lon) else ""
        return f"{point}; the nearest, {near[0]}, is {_far(near[1])} away{swapped}"


def _far(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 2000 else f"{metres / 1000:.0f} km"  # noqa: PLR2004 words
