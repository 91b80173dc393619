"""The rows of the sample city's files, columns in the order they are written."""

from dataclasses import dataclass

from simulators.city_plan.placing import Place

SCHEME = "gbt30428.2-2013"
"""The numbering the sample city's classes are from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One line of components.csv, its place still on the plan."""

    code: str
    class_code: str
    name_zh: str
    name_en: str
    place: Place
    scheme: str = SCHEME
    authority: str = ""
    owner: str = ""
    maintainer: str = ""
    upstream: str = ""
    address_zh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One line of devices.csv; one that watches a component stands where that does."""

    code: str
    profile: str
    gateway: str
    address: str
    component: str = ""
    vehicle: str = ""
    upstream: str = ""
    place: Place | None = None
    programme: str = ""
    rated_w: float | None = None
    simulated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One line of gateways.csv."""

    code: str
    transport: str
    name_zh: str
    name_en: str
    host: str = ""
    port: int = 0
    simulated: bool = True
