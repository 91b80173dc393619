"""Names of the classes of components and events (部件, 事件) our devices concern.

`classes.csv` holds only those, in the two numberings cities use. `basis` says how sure
a row is: `published` is in a city's own published table, `local` is that city's own
extension of it, or in the numbering `gezhi` ours, for what no table has; `inferred`
fills a gap between published neighbours and wants checking against a licensed copy of
the standard.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from vocabulary.codes import ClassCode, ClassType


class Basis(StrEnum):
    """How sure a class's number is."""

    PUBLISHED = "published"
    LOCAL = "local"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class ClassName:
    """What a class is called.

    Attributes:
        name_zh: 中文名称.
        name_en: English name.
        basis: How sure its number is.
    """

    name_zh: str
    name_en: str
    basis: Basis


@cache
def class_names() -> Mapping[ClassCode, ClassName]:
    """Return the names of all known classes; read once, never to be changed."""
    text = files("devices.registry").joinpath("classes.csv").read_text("utf-8")
    return {
        ClassCode(row["scheme"], ClassType(row["type"]), row["code"]): ClassName(
            row["name_zh"], row["name_en"], Basis(row["basis"])
        )
        for row in csv.DictReader(text.splitlines())
    }
