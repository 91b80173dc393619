"""What is wrong in the played city: five kinds of trouble, as rules would tell them."""

from dataclasses import dataclass

from cases.request import CaseType, Problem, Severity

SCHEME = "gbt30428.2-2013"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong in the played city.

    Attributes:
        device: Code of the device that tells.
        quantity: What it tells it by; empty for a fix.
        value: What it says since the case was filed.
        threshold: What the rule held it against.
        rule: The rule's code.
        severity: How bad.
        files: What the case is about.
        reason: Why, in both languages.
        age_s: How long ago the case was filed.
        ramp: Whether the value grew slowly; else it jumped.
    """

    device: str
    quantity: str
    value: float
    threshold: float
    rule: str
    severity: Severity
    files: Problem
    reason: tuple[str, str]
    age_s: float
    ramp: bool = False


def component(condition: str, zh: str, en: str) -> Problem:
    """Return a problem of the component that a device watches."""
    return Problem(
        type=CaseType.COMPONENT,
        scheme=SCHEME,
        class_code=None,
        condition=condition,
        title_zh=zh,
        title_en=en,
    )


def matter(class_code: str, condition: str, zh: str, en: str) -> Problem:
    """Return a problem that is no component's."""
    return Problem(
        type=CaseType.EVENT,
        scheme=SCHEME,
        class_code=class_code,
        condition=condition,
        title_zh=zh,
        title_en=en,
    )


OPEN_COVER = Trouble(
    device="MH-0007",
    quantity="tilt_deg",
    value=63,
    threshold=30,
    rule="cover-opened",
    severity=Severity.CRITICAL,
    files=component(
        "cover_missing_or_displaced", "井盖缺失或开启", "Cover missing or open"
    ),
    reason=(
        "井盖 MH-0007 倾角 63°，达到 30°，井口可能敞开",
        "Cover MH-0007 is tilted by 63°, at or above 30°; the hole may be open",
    ),
    age_s=140,
)

TROUBLES = (
    Trouble(
        device="LP-0103",
        quantity="power_w",
        value=1.2,
        threshold=5,
        rule="lamp-dark",
        severity=Severity.MINOR,
        files=component("lamp_single_out", "单灯不亮", "Street lamp out"),
        reason=(
            "路灯 LP-0103 应亮未亮：功率 1.2 W，回路有电 229 V",
            "Lamp LP-0103 is dark: 1.2 W while its circuit has 229 V",
        ),
        age_s=4200,
    ),
    Trouble(
        device="PR-0005",
        quantity="pressure_kpa",
        value=86,
        threshold=140,
        rule="pressure-low",
        severity=Severity.CRITICAL,
        files=matter(
            "0501",
            "supply_burst",
            "供水压力过低，疑似爆管",
            "Water pressure too low, burst suspected",
        ),
        reason=(
            "管网 PR-0005 压力 86 kPa，低于 140 kPa 已 30 秒",
            "Main PR-0005 has 86 kPa, below 140 kPa for 30 s",
        ),
        age_s=1260,
    ),
    Trouble(
        device="PD-0003",
        quantity="depth_mm",
        value=214,
        threshold=150,
        rule="ponding",
        severity=Severity.MAJOR,
        files=matter("0506", "road_ponding", "道路积水", "Road ponding"),
        reason=(
            "积水监测点 PD-0003 水深 214 mm，达到 150 mm；面积未测，请现场核实",
            "Gauge PD-0003 shows 214 mm, at or above 150 mm; area unmeasured",
        ),
        age_s=660,
        ramp=True,
    ),
    Trouble(
        device="VT-0012",
        quantity="",
        value=82,
        threshold=60,
        rule="vehicle-overspeed",
        severity=Severity.MINOR,
        files=matter(
            "0195", "work_vehicle_overspeed", "作业车辆超速", "Vehicle overspeed"
        ),
        reason=(
            "车辆 格A102Z2 时速 82 km/h，超过限速 60 km/h",
            "Vehicle 格A102Z2 at 82 km/h, above its limit of 60 km/h",
        ),
        age_s=300,
    ),
)
