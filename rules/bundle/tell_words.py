"""The words of an explanation that its records have in English. Pure."""

from collections.abc import Mapping

from rules.files.rule import Words

_ZH: Mapping[str, tuple[str, str]] = {
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
    "would_have_raised": ("本应报警", "would have raised"),
    "would_not_have_raised": ("本不应报警", "would not have raised"),
    "other_severity": ("等级应不同", "other severity"),
    "other_time": ("时间应不同", "other time"),
}


def word(english: str) -> Words:
    """Return a word in both languages; as it is if it is not known."""
    return Words(*_ZH.get(english, (english, english)))
