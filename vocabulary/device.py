"""What hangs where, as the hot path sees it: plain frozen words, no database."""

from dataclasses import dataclass
from enum import StrEnum


class DeviceKind(StrEnum):
    """The hardware a device is."""

    COVER = "cover"  # 井盖倾角传感器
    LAMP = "lamp"  # 单灯控制器
    CABINET = "cabinet"  # 路灯控制箱
    PRESSURE = "pressure"  # 管网压力变送器
    GAUGE = "gauge"  # 积水监测仪
    VEHICLE = "vehicle"  # 车载终端
    PLATFORM = "platform"  # 本平台自身, such as a disk that its database fills


class Transport(StrEnum):
    """How a gateway reaches us."""

    MQTT = "mqtt"
    MODBUS_TCP = "modbus_tcp"
    MODBUS_RTU_TCP = "modbus_rtu_tcp"
    MODBUS_RTU = "modbus_rtu"  # on a serial line of ours
    NMEA = "nmea"
    JT808 = "jt808"
    SL651 = "sl651"
    HJ212 = "hj212"
    SELF = "self"  # no wire: ingest measures it itself


class Format(StrEnum):
    """What a gateway of transport `mqtt` speaks."""

    GEZHI = "gezhi"  # our own, as JSON or MessagePack
    CHIRPSTACK4 = "chirpstack4"
    CHIRPSTACK3 = "chirpstack3"
    TTN3 = "ttn3"  # The Things Stack
    SENML = "senml"  # RFC 8428, as JSON or CBOR
    THINGSBOARD = "thingsboard"  # its gateway API
    SPARKPLUG = "sparkplug"  # Sparkplug B


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One gateway, cabinet link or listener that devices speak through.

    Attributes:
        id: `gateway.id`.
        code: Its own name, also its MQTT user name.
        transport: How it reaches us.
        host: Where we poll it, for `modbus_rtu` the serial device's path; empty where
            it calls us.
        port: The TCP port that goes with `host`; 0 where there is none.
        simulated: Whether it is a simulator.
        format: What it speaks over MQTT.
        native_topics: Whether it publishes on its format's own topics, not on ours.
        line: How its serial line is set, see `vocabulary.serial_line`; else empty.
    """

    id: int
    code: str
    transport: Transport
    host: str
    port: int
    simulated: bool
    format: Format = Format.GEZHI
    native_topics: bool = False
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One registered device, its profile's facts included.

    Attributes:
        id: `device.id`.
        code: Its name for people.
        kind: The hardware it is.
        gateway: Code of the gateway that speaks for it.
        address: Its address below that gateway, as the wire names it.
        component_id: The component (部件) it watches, if any.
        vehicle_id: The vehicle it rides on, if any.
        cell_id: The grid cell it stands in; None for vehicles.
        upstream_id: The device it hangs from (a lamp's cabinet), if any.
        lon: Degrees east, WGS-84, surveyed; None for vehicles.
        lat: Degrees north, WGS-84, surveyed; None for vehicles.
        register_map: Name of its Modbus register map; empty elsewhere.
        expected_interval_s: How often it reports when all is well.
        allowed_lateness_s: How late its readings may come and still be live.
        time_zone: IANA zone of its naive times; empty if naive times are errors.
        datum: `wgs84` or `gcj02`: what its coordinates are in.
        simulated: Whether it is a simulator.
        payload_codec: Name of the codec of its LoRaWAN payloads; empty for none.
        aliases: What of its own names means which quantity, see `vocabulary.alias`.
        programme: Code of the lamp programme it was given; empty for none of its own.
        rated_w: What the lamp draws undimmed, if that is known.
    """

    id: int
    code: str
    kind: DeviceKind
    gateway: str
    address: str
    component_id: int | None
    vehicle_id: int | None
    cell_id: int | None
    upstream_id: int | None
    lon: float | None
    lat: float | None
    register_map: str
    expected_interval_s: float
    allowed_lateness_s: float
    time_zone: str
    datum: str
    simulated: bool
    payload_codec: str = ""
    aliases: str = ""
    programme: str = ""
    rated_w: float | None = None
