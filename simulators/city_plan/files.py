"""Writing the sample city's folder: CSV and GeoJSON, one row or feature a line."""

import csv
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from simulators.city_plan.ground import all_degrees

Field = str | int | float | bool
"""What a field of a file may hold."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a GeoJSON file: its properties and its shape on the plan."""

    properties: dict[str, Field | None]
    shape: BaseGeometry


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[Field]]
) -> None:
    """Write one table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_geojson(path: Path, features: Iterable[Feature]) -> None:
    """Write one collection, a feature a line, so that differences can be read."""
    lines = ",\n".join(
        json.dumps(
            {
                "type": "Feature",
                "properties": feature.properties,
                "geometry": _geometry(feature.shape),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for feature in features
    )
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8")


def copy_table(path: Path, folder: Path) -> None:
    """Copy a table that is written by hand."""
    shutil.copyfile(path, folder / path.name)


def _geometry(shape: BaseGeometry) -> dict[str, object]:
    match shape:
        case Polygon():
            rings = [shape.exterior, *shape.interiors]
            places = [all_degrees(ring.coords) for ring in rings]
            return {"type": "Polygon", "coordinates": places}
        case LineString():
            line = all_degrees(shape.coords)
            return {"type": "LineString", "coordinates": line}
        case _:
            raise TypeError(f"the plan has no {shape.geom_type}")
