"""Rows of the registry as files name them: every reference is a code, not an id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One row of `unit`."""

    code: str
    kind: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """One row of `grid_cell`; `area_m2` follows from `polygon`, canonical GeoJSON."""

    code: str
    name_zh: str
    name_en: str
    subdistrict: str
    polygon: str
    area_m2: float = field(compare=False)
    initial_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """One row of `component`."""

    code: str
    scheme: str
    class_code: str
    name_zh: str
    name_en: str
    lon: float
    lat: float
    cell: str | None
    authority: str | None
    owner: str | None
    maintainer: str | None
    state: str
    upstream: str | None
    address_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceRow:
    """One row of `geofence`; `geometry` is canonical GeoJSON."""

    code: str
    name_zh: str
    name_en: str
    shape: str
    geometry: str
    radius_m: float | None
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """One row of `vehicle`."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    unit: str
    area: str | None
    speed_limit_kmh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """One row of `profile`."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    quantities: tuple[str, ...]
    expected_interval_s: float
    allowed_lateness_s: float
    time_zone: str
    datum: str
    register_map: str
    payload_codec: str = ""
    aliases: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRow:
    """One row of `gateway`."""

    code: str
    transport: str
    name_zh: str
    name_en: str
    host: str
    port: int
    simulated: bool
    format: str = "gezhi"
    native_topics: bool = False
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeRow:
    """One row of `lamp_programme`; steps have one space between them."""

    code: str
    name_zh: str
    name_en: str
    on_below_deg: float
    off_above_deg: float
    margin_s: float
    steps: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeRow:
    """One row of `pipe`."""

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
class DeviceRow:
    """One row of `device`; `retired` is the database's to say, no file's."""

    code: str
    profile: str
    gateway: str
    address: str
    component: str | None
    vehicle: str | None
    upstream: str | None
    lon: float | None
    lat: float | None
    cell: str | None
    simulated: bool
    programme: str | None = None
    rated_w: float | None = None
    retired: bool = field(default=False, compare=False)


Row = (
    UnitRow
    | CellRow
    | ComponentRow
    | GeofenceRow
    | VehicleRow
    | ProfileRow
    | GatewayRow
    | ProgrammeRow
    | DeviceRow
    | PipeRow
)
"""Any of them; each has a `code`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of every kind by code, in an order in which they can be written."""

    units: Mapping[str, UnitRow] = field(default_factory=dict)
    cells: Mapping[str, CellRow] = field(default_factory=dict)
    components: Mapping[str, ComponentRow] = field(default_factory=dict)
    geofences: Mapping[str, GeofenceRow] = field(default_factory=dict)
    vehicles: Mapping[str, VehicleRow] = field(default_factory=dict)
    profiles: Mapping[str, ProfileRow] = field(default_factory=dict)
    gateways: Mapping[str, GatewayRow] = field(default_factory=dict)
    programmes: Mapping[str, ProgrammeRow] = field(default_factory=dict)
    devices: Mapping[str, DeviceRow] = field(default_factory=dict)
    pipes: Mapping[str, PipeRow] = field(default_factory=dict)
