"""The words of an explanation that its records have in English. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rules.bundle.reach import GONE, TOO_LARGE, TOO_MANY, UNRECORDED
from rules.files.rule import Words
from vocabulary.quality import Quality
from vocabulary.quantity import QUANTITIES, Quantity

WORDS: Mapping[str, tuple[str, str]] = {
    "normal": ("正常", "normal"),
    "pending": ("待确认", "pending"),
    "active": ("报警", "active"),
    "clearing": ("待解除", "clearing"),
    "minor": ("一般", "minor"),
    "major": ("较重", "major"),
    "critical": ("紧急", "critical"),
    "good": ("良好", "good"),
    "filed": ("立案", "filed"),
    "waiting": ("等待同组", "waiting for its group"),
    "brief": ("等待中已解除，不立案", "cleared while it waited, not filed"),
    "member": ("并入成组案件", "member of a group's case"),
    "storm": ("并入成批案件", "member of a storm's case"),
    "maintenance": ("维护窗口内，不立案", "within a maintenance window, not filed"),
    "unstable": ("信号不稳定，只计数", "unstable, only counted"),
    "shadow": ("规则试运行，不立案", "its rule is on trial, not filed"),
    "noted": ("规则不立案", "its rule files nothing"),
    "late": ("迟到", "late"),
    "future": ("来自未来", "future"),
    "out_of_range": ("超量程", "out of range"),
    "jump": ("突跳", "jump"),
    "stuck": ("卡滞", "stuck"),
    "clock_corrected": ("时钟已校正", "clock corrected"),
    "no_integrity_check": ("无校验", "no integrity check"),
    "simulated": ("模拟", "simulated"),
    "no_device_time": ("无设备时间", "no device time"),
    "sensor_fault": ("传感器故障", "sensor fault"),
    "switch_on": ("开", "switch on"),
    "switch_off": ("关", "switch off"),
    "dim": ("调光", "dim"),
    "programme": ("下发方案", "programme"),
    "native": ("厂家命令", "native"),
    "interval": ("上报间隔", "interval"),
    "queued": ("待发", "queued"),
    "sent": ("已发出", "sent"),
    "acked": ("已应答", "answered"),
    "effect_seen": ("已见效", "effect seen"),
    "effect_not_seen": ("未见效", "effect not seen"),
    "refused": ("被拒绝", "refused"),
    "expired": ("已过期", "expired"),
    "cancelled": ("已撤回", "taken back"),
    "unknown": ("不明", "unknown"),
    GONE: ("当时的日志已不再保存", GONE),
    UNRECORDED: ("当时未记下处置所依据的内容", UNRECORDED),
    TOO_MANY: ("牵连的告警太多，无法重做处置", TOO_MANY),
    TOO_LARGE: ("当时处置所记内容过多，未能记下", TOO_LARGE),
    "would_have_raised": ("本应报警", "would have raised"),
    "would_not_have_raised": ("本不应报警", "would not have raised"),
    "other_severity": ("报警等级应不同", "would have been of another severity"),
    "other_time": ("报警时间应不同", "would have begun or ended at another time"),
    "cannot_judge": ("已无从判断", "cannot be judged any more"),
}
"""States, handlings, severities, qualities, orders, corrections."""

JUDGED: Mapping[str, tuple[str, str]] = {
    "value": ("数值", "value"),
    "speed": ("车速", "speed"),
    "silence": ("没有收到数据的时间", "time in which nothing was heard"),
    "outside": ("界外距离", "distance outside"),
    "inside": ("界内停留时长", "time inside"),
    "crossing": ("穿越距离", "way through it"),
    "stop": ("停留时长", "time standing"),
    "speed_inside": ("界内车速", "speed inside"),
    "late": ("离场距离", "distance from it"),
    "stuck": ("不变时长", "time unchanged"),
    "rate": ("每分钟变化", "change per minute"),
    "spread": ("波动幅度", "swing"),
    "count": ("次数", "how many times"),
    "deviation": (
        "与往日同时段之差（倍离散度）",
        "distance from other days, in scatters",
    ),
    "dimming": ("功率与指令之比", "power against what it was told"),
    "from_rest": ("与静置值之差", "distance from its rest"),
    "bits": ("可疑数据占比", "share of doubtful samples"),
    "expression": ("组合条件", "a combination"),
    "command": ("指令未生效时长", "time an order had no effect"),
    "doubt": ("水深", "depth"),
}
"""What is held against limits: samples, or numbers that measures make of them."""


_WORD = re.compile(r"[a-z_0-9]*[a-z][a-z_0-9]*")
_ZH_OF_GRAMMAR = {"and": "且", "or": "或", "not": "非", "upstream": "上级"}


def word(english: str) -> Words:
    """Return a word in both languages; as it is if it is not known."""
    return Words(*WORDS.get(english, (english, english)))


def judged_word(judged: str) -> Words:
    """Return the words of what is judged."""
    return Words(*JUDGED.get(judged, (judged, judged)))


@dataclass(frozen=True, slots=True)
class Named:
    """A quantity for people.

    Attributes:
        zh: 中文名称.
        en: Its name.
        unit: Its unit; empty for flags.
    """

    zh: str
    en: str
    unit: str


def named_quantity(quantity: str) -> Named:
    """Return the names and the unit of a quantity."""
    if quantity not in Quantity.__members__.values():
        return Named(quantity, quantity, "")
    facts = QUANTITIES[Quantity(quantity)]
    return Named(facts.name_zh, facts.name_en, facts.unit)


def expression_words(text: str) -> Words:
    """Return an expression of a rule with its quantities and its words for people."""
    return Words(
        _WORD.sub(lambda found: _in_zh(found[0]), text),
        _WORD.sub(lambda found: named_quantity(found[0]).en, text),
    )


def quality_words(bits: int) -> tuple[str, ...]:
    """Return the words of quality bits, in the order of the bits."""
    return tuple(
        str(flag.name).lower() for flag in Quality if flag and bits & int(flag)
    )


def _in_zh(name: str) -> str:
    return _ZH_OF_GRAMMAR.get(name) or named_quantity(name).zh
