"""What goes wrong in the simulated city, and the truth about it for a scorer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from simulators.city import Hardware
from simulators.motion import Motion
from vocabulary.device import DeviceKind


class Cause(StrEnum):
    """The causes a simulator can play."""

    COVER_OPENED = "cover_opened"  # 井盖开启
    COVER_AJAR = "cover_ajar"  # 井盖移位
    COVER_SENSOR_LOOSE = "cover_sensor_loose"  # 井盖传感器脱落
    LAMP_FAILED = "lamp_failed"  # 单灯熄灭
    LAMP_BURNING = "lamp_burning"  # 昼亮
    LAMP_DIM = "lamp_dim"  # 光衰
    LAMP_CYCLING = "lamp_cycling"  # 频闪
    CIRCUIT_OFF = "circuit_off"  # 回路失电
    RELAY_STUCK = "relay_stuck"  # 接触器拒动
    CABINET_LEAKAGE = "cabinet_leakage"  # 漏电
    CABINET_OPENED = "cabinet_opened"  # 箱门开启
    SUPPLY_HIGH = "supply_high"  # 电压过高
    PIPE_BURST = "pipe_burst"  # 爆管
    PRESSURE_SENSOR_FAULT = "pressure_sensor_fault"  # 压力变送器故障
    GAUGE_TRASH = "gauge_trash"  # 积水仪下有杂物
    CLOUDBURST = "cloudburst"  # 暴雨积水
    LEFT_AREA = "left_area"  # 驶出作业区
    OVERSPEED = "overspeed"  # 超速
    NO_ENTRY = "no_entry"  # 驶入禁行区
    NIGHT_BAN = "night_ban"  # 夜间驶入静音区
    STOPPED_OUTSIDE = "stopped_outside"  # 许可地点外停留
    LATE_TO_DEPOT = "late_to_depot"  # 未按时到场
    TERMINAL_OFF = "terminal_off"  # 车载终端离线
    POSITION_FROZEN = "position_frozen"  # 定位冻结
    GATEWAY_LOST = "gateway_lost"  # 网关失联


@dataclass(frozen=True, slots=True)
class CauseFacts:
    """What is known of one cause.

    Attributes:
        kind: The device it happens to.
        files: `component` or `event` (事件): what ought to be filed.
        class_code: Event class in gbt30428.2-2013; empty: the component's own class.
        condition: What is wrong, as one word of the case.
        notice_s: A case later than this after the start is too late.
        lasts_s: Shortest and longest duration in the demo.
        rule: Whose alarm is to be expected; for what is an alarm and no case.
    """

    kind: DeviceKind
    files: str
    class_code: str
    condition: str
    notice_s: float
    lasts_s: tuple[float, float]
    rule: str = ""


SCHEME = "gbt30428.2-2013"
"""The scheme of the event classes below."""

CAUSES: Mapping[Cause, CauseFacts] = {
    # GB/T 41401-2022 wants the alarm of a smart cover within 30 s.
    Cause.COVER_OPENED: CauseFacts(
        DeviceKind.COVER, "component", "", "cover_missing_or_displaced", 30, (150, 300)
    ),
    Cause.COVER_AJAR: CauseFacts(
        DeviceKind.COVER, "component", "", "cover_missing_or_displaced", 60, (150, 300)
    ),
    Cause.COVER_SENSOR_LOOSE: CauseFacts(
        DeviceKind.COVER, "component", "", "sensor_displaced", 120, (300, 600)
    ),
    Cause.PRESSURE_SENSOR_FAULT: CauseFacts(
        DeviceKind.PRESSURE, "component", "", "sensor_doubtful", 60, (150, 240)
    ),
    Cause.GAUGE_TRASH: CauseFacts(
        DeviceKind.GAUGE, "component", "", "sensor_doubtful", 120, (300, 600)
    ),
    Cause.LAMP_FAILED: CauseFacts(
        DeviceKind.LAMP, "component", "", "lamp_single_out", 90, (180, 420)
    ),
    # The next six are for scenario files. A lamp burns by day only where its programme
    # says that it is day.
    Cause.LAMP_BURNING: CauseFacts(
        DeviceKind.LAMP, "component", "", "lamp_schedule_wrong", 700, (900, 1800)
    ),
    Cause.LAMP_DIM: CauseFacts(
        DeviceKind.LAMP, "component", "", "lamp_dimming_failure", 400, (600, 1200)
    ),
    Cause.LAMP_CYCLING: CauseFacts(
        DeviceKind.LAMP, "component", "", "lamp_cycling_failure", 400, (600, 1200)
    ),
    Cause.CABINET_LEAKAGE: CauseFacts(
        DeviceKind.CABINET, "component", "", "lamp_damaged_or_live_wire", 60, (150, 300)
    ),
    Cause.CABINET_OPENED: CauseFacts(
        DeviceKind.CABINET, "component", "", "cabinet_door_open", 120, (300, 600)
    ),
    Cause.SUPPLY_HIGH: CauseFacts(
        DeviceKind.CABINET, "component", "", "supply_voltage", 120, (300, 600)
    ),
    Cause.CIRCUIT_OFF: CauseFacts(
        DeviceKind.CABINET, "component", "", "lamp_circuit_out", 60, (150, 300)
    ),
    # It shows only when the contactor is ordered to move (TALQ 2.7.1: relayFailure).
    Cause.RELAY_STUCK: CauseFacts(
        DeviceKind.CABINET, "component", "", "relay_failure", 60, (150, 300)
    ),
    Cause.PIPE_BURST: CauseFacts(
        DeviceKind.PRESSURE, "event", "0501", "supply_burst", 60, (150, 240)
    ),
    Cause.CLOUDBURST: CauseFacts(
        DeviceKind.GAUGE, "event", "0506", "road_ponding", 150, (150, 240)
    ),
    Cause.LEFT_AREA: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "work_vehicle_out_of_area", 90, (60, 120)
    ),
    Cause.OVERSPEED: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "work_vehicle_overspeed", 60, (40, 60)
    ),
    # From the border on: the way to 15 m within it, 30 s there, and a report.
    Cause.NO_ENTRY: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "work_vehicle_no_entry", 75, (90, 150)
    ),
    # The same, and only from 22:00 to 06:00: in scenario files.
    Cause.NIGHT_BAN: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "work_vehicle_night_ban", 75, (90, 150)
    ),
    Cause.STOPPED_OUTSIDE: CauseFacts(
        DeviceKind.VEHICLE,
        "event",
        "0195",
        "work_vehicle_stop_outside",
        1260,
        (1300, 1400),
    ),
    # It stands in a stopping place instead, from before 04:00 until after 08:00 by the
    # city's clock: in scenario files, at the right time.
    Cause.LATE_TO_DEPOT: CauseFacts(
        DeviceKind.VEHICLE,
        "event",
        "0195",
        "",
        4.5 * 3600,
        (15_000, 16_000),
        "vehicle-late-to-depot",
    ),
    Cause.TERMINAL_OFF: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "device_silent", 640, (700, 900)
    ),
    # It shows where one drives: 100 m to be told for frozen, then most of five minutes.
    Cause.POSITION_FROZEN: CauseFacts(
        DeviceKind.VEHICLE, "event", "0195", "device_position_frozen", 480, (540, 720)
    ),
    # Ten reports missed, ten seconds apart, and half a minute to hear its siblings: one
    # case on the gateway. It is told of by one of its sensors.
    Cause.GATEWAY_LOST: CauseFacts(
        DeviceKind.COVER, "component", "", "device_silent", 180, (240, 360)
    ),
}
"""Every cause. Notice times: standards and what a dispatcher would call too late."""


FLOODED: Mapping[str, str] = {
    "0206": "bridge_ponding",  # 过街天桥
    "0207": "underpass_flooded",  # 地下通道
    "0208": "bridge_ponding",  # 立交桥
}
"""Ponding at components of these classes is the component's own trouble (部件)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that goes wrong, in seconds of the world's period.

    Attributes:
        id: Its name in the ground truth.
        cause: What it is.
        device: The device it happens to: the cover, lamp, cabinet, the pressure point
            or gauge nearest to the burst or the rain, the vehicle's terminal.
        starts_s: When it becomes true.
        ends_s: When it has been put right.
        members: Every device that shows it, `device` included.
        perhaps: Devices so near to a limit that they may be judged either way.
        motion: How the vehicle moves meanwhile; None for things that stand.
    """

    id: str
    cause: Cause
    device: str
    starts_s: float
    ends_s: float
    members: tuple[str, ...]
    perhaps: tuple[str, ...] = ()
    motion: Motion | None = None

    def lasts_at(
        self, second: float, *, before_s: float = 0, after_s: float = 0
    ) -> bool:
        """Tell whether `second` falls within it, widened at both ends."""
        return self.starts_s - before_s <= second < self.ends_s + after_s


def truth_line(
    incident: Incident,
    devices: Mapping[str, Hardware],
    *,
    start: datetime,
    lap: int = 0,
) -> str:
    """Return the ground truth of an incident as one JSON line.

    Args:
        incident: What happens.
        devices: The city's devices by code.
        start: When the period began in which it happens.
        lap: How many periods were played before; makes the id unique.
    """
    facts = CAUSES[incident.cause]
    device = devices[incident.device]
    starts_at = start + timedelta(seconds=incident.starts_s)
    truth = {
        "id": f"{incident.id}" if lap == 0 else f"{incident.id}/{lap}",
        "cause": incident.cause.value,
        "subject": _subject(incident.cause, device),
        "device": device.code,
        "class": _class(facts, device),
        "starts_at": _text(starts_at),
        "ends_at": _text(start + timedelta(seconds=incident.ends_s)),
        "members": list(incident.members),
        "perhaps": list(incident.perhaps),
        "expect": "alarm" if facts.rule else "case",
        "rule": facts.rule,
        "latest_by": _text(starts_at + timedelta(seconds=facts.notice_s)),
    }
    return json.dumps(truth, ensure_ascii=False)


def _class(facts: CauseFacts, device: Hardware) -> dict[str, str]:
    flooded = (
        FLOODED.get(device.class_code)
        if facts.condition == CAUSES[Cause.CLOUDBURST].condition
        else None
    )
    if flooded or facts.files == "component":
        return {
            "scheme": device.scheme,
            "type": "component",
            "code": device.class_code,
            "condition": flooded or facts.condition,
        }
    return {
        "scheme": SCHEME,
        "type": facts.files,
        "code": facts.class_code,
        "condition": facts.condition,
    }


def _subject(cause: Cause, device: Hardware) -> dict[str, str]:
    if cause is Cause.GATEWAY_LOST:
        return {"gateway": device.gateway}
    if device.vehicle:
        return {"vehicle": device.vehicle}
    if device.component:
        return {"component": device.component}
    return {"device": device.code}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
