"""What the registry knows of components, cells, vehicles and units: plain frozen words.

Devices and gateways are in `vocabulary.device`. Geometries stay GeoJSON text here;
`devices.registry.areas` turns them into shapes when somebody asks where a point lies.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class UnitKind(StrEnum):
    """What sort of responsible unit (责任单位) a unit is."""

    DEPARTMENT = "department"  # 专业部门
    UTILITY = "utility"  # 权属企业: water, power, gas, heat, telecom
    SUBDISTRICT = "subdistrict"  # 街道
    COMPANY = "company"  # 养护单位
    CENTRE = "centre"  # 监督中心, 指挥中心


class VehicleKind(StrEnum):
    """What a vehicle works at."""

    SANITATION = "sanitation"  # 环卫作业车
    ENFORCEMENT = "enforcement"  # 执法车


class GeofenceShape(StrEnum):
    """How a geofence's geometry is meant."""

    POLYGON = "polygon"  # the area itself
    CIRCLE = "circle"  # a point and its radius
    CORRIDOR = "corridor"  # a line and its half width


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """One responsible unit.

    Attributes:
        id: `unit.id`.
        code: Its name in files.
        kind: What sort it is.
        name_zh: 中文名称.
        name_en: English name.
    """

    id: int
    code: str
    kind: UnitKind
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """One cell of the unit grid (万米单元网格).

    Attributes:
        id: `grid_cell.id`.
        code: 14 or 15 digits, see `vocabulary.codes.GridCode`.
        name_zh: 中文名称.
        name_en: English name.
        subdistrict_id: The unit of kind subdistrict it belongs to.
        polygon: GeoJSON geometry as text, WGS-84.
        ended_on: When it was split or merged away; None while it is in force.
    """

    id: int
    code: str
    name_zh: str
    name_en: str
    subdistrict_id: int
    polygon: str
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFacts:
    """One component (部件) and the three units that may have to mend it.

    Attributes:
        id: `component.id`.
        code: 16 digits, see `vocabulary.codes.ComponentCode`.
        scheme: The numbering its class code is from, such as `gbt30428.2-2013`.
        class_code: Major and minor class, 4 digits.
        name_zh: 中文名称.
        name_en: English name.
        lon: Degrees east, WGS-84, surveyed.
        lat: Degrees north, WGS-84, surveyed.
        cell_id: The cell it stands in, if any is known.
        authority_id: 主管, the unit that oversees it.
        owner_id: 权属, the unit that owns it.
        maintainer_id: 养护, the unit that mends it.
        address_zh: Where it stands, in words; may be empty.
    """

    id: int
    code: str
    scheme: str
    class_code: str
    name_zh: str
    name_en: str
    lon: float
    lat: float
    cell_id: int | None
    authority_id: int | None
    owner_id: int | None
    maintainer_id: int | None
    address_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFacts:
    """One vehicle.

    Attributes:
        id: `vehicle.id`.
        code: Its number plate (车牌).
        kind: What it works at.
        name_zh: 中文名称.
        name_en: English name.
        unit_id: The unit it works for.
        area_id: The geofence it works in, if any.
        speed_limit_kmh: Its own limit, if any.
    """

    id: int
    code: str
    kind: VehicleKind
    name_zh: str
    name_en: str
    unit_id: int
    area_id: int | None
    speed_limit_kmh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeFacts:
    """One stretch of water main (给水管段) between two nodes.

    Attributes:
        code: Its name in files and for people.
        name_zh: 中文名称.
        name_en: English name.
        start: Name of the node at one end; a pressure point sits on that of its code.
        end: Name of the node at the other.
        start_lon: Degrees east of the start, WGS-84.
        start_lat: Degrees north of it.
        end_lon: Degrees east of the end.
        end_lat: Degrees north of it.
        length_m: Along the pipe.
        wave_m_s: How fast a pressure wave runs in it.
    """

    code: str
    name_zh: str
    name_en: str
    start: str
    end: str
    start_lon: float
    start_lat: float
    end_lon: float
    end_lat: float
    length_m: float
    wave_m_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceFacts:
    """One geofence.

    Attributes:
        id: `geofence.id`.
        code: Its name in files.
        name_zh: 中文名称.
        name_en: English name.
        shape: How `geometry` is meant.
        geometry: GeoJSON geometry as text, WGS-84.
        radius_m: Of a circle; half the width of a corridor; None for a polygon.
        kind: What it is for, as one word that rules may name; may be empty.
    """

    id: int
    code: str
    name_zh: str
    name_en: str
    shape: GeofenceShape
    geometry: str
    radius_m: float | None
    kind: str = ""
