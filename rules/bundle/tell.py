"""An explanation as lines for a person, in Chinese or English. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.bundle.explain import Explained, SampleShown
from rules.bundle.orders import OrderShown
from rules.bundle.whole import Whole
from vocabulary.command_effect import UNLIMITED

ZH: Mapping[str, str] = {
    "normal": "正常",
    "pending": "待确认",
    "active": "报警",
    "clearing": "待解除",
    "minor": "一般",
    "major": "较重",
    "critical": "紧急",
    "good": "良好",
    "filed": "立案",
    "waiting": "等待同组",
    "brief": "等待中已解除，不立案",
    "member": "并入成组案件",
    "storm": "并入成批案件",
    "maintenance": "维护窗口内，不立案",
    "unstable": "信号不稳定，只计数",
    "shadow": "规则试运行，不立案",
    "noted": "规则不立案",
    "late": "迟到",
    "future": "来自未来",
    "out_of_range": "超量程",
    "jump": "突跳",
    "stuck": "卡滞",
    "clock_corrected": "时钟已校正",
    "no_integrity_check": "无校验",
    "simulated": "模拟",
    "no_device_time": "无设备时间",
    "sensor_fault": "传感器故障",
    "switch_on": "开",
    "switch_off": "关",
    "dim": "调光",
    "programme": "下发方案",
    "native": "厂家命令",
    "interval": "上报间隔",
    "queued": "待发",
    "sent": "已发出",
    "acked": "已应答",
    "effect_seen": "已见效",
    "effect_not_seen": "未见效",
    "refused": "被拒绝",
    "expired": "已过期",
    "cancelled": "已撤回",
}
"""Words that the records have in English."""


def lines_of(whole: Whole, *, lang: str, zone: ZoneInfo) -> Iterator[str]:
    """Yield an explanation line by line.

    Args:
        whole: The explanation.
        lang: `zh` or `en`.
        zone: Whose times are shown.
    """
    is_zh = lang == "zh"
    alarm = whole.alarm
    yield alarm.reason_zh if is_zh else alarm.reason_en
    yield (
        f"{'规则' if is_zh else 'rule'} {alarm.rule}@{alarm.rule_version}, "
        f"{'设备' if is_zh else 'device'} {alarm.device_code}, "
        f"{_word(alarm.severity, is_zh=is_zh)}, "
        f"{_time(alarm.measured_at, zone)} → {_time(alarm.raised_at, zone)}"
    )
    yield from _triage(whole, is_zh=is_zh)
    if whole.explained is not None:
        yield from _engine(whole.explained, is_zh=is_zh, zone=zone)
    if whole.why_not:
        yield f"{'无法重放' if is_zh else 'cannot be decided again'}: {whole.why_not}"
    elif whole.is_same is not None:
        yield _verdict(is_same=whole.is_same, is_zh=is_zh)
        yield f"SHA-256 {whole.total}"


def _triage(whole: Whole, *, is_zh: bool) -> Iterator[str]:
    alarm, route = whole.alarm, whole.route
    said = f"{'处置' if is_zh else 'handling'}: {_word(alarm.handling, is_zh=is_zh)}"
    if alarm.lead_rule is not None:
        said += f" ({alarm.lead_rule}, {'报警' if is_zh else 'alarm'} {alarm.lead_id})"
    if alarm.window_id is not None:
        said += f" ({alarm.window_id}: {alarm.window_reason}, {alarm.window_owner})"
    yield said
    yield (
        f"一小时内第 {alarm.raises} 次"
        if is_zh
        else f"raised {alarm.raises} times within the hour"
    )
    if route is not None:
        unit = route.unit_zh if is_zh else route.unit_en
        yield (
            f"{'案件' if is_zh else 'case'} {route.number}, "
            f"{'网格' if is_zh else 'cell'} {route.cell or '-'}, "
            f"{route.unit} {unit} ({route.unit_reason})"
        )
    for correction in whole.corrections:
        yield f"{'更正' if is_zh else 'correction'}: {correction}"


def _engine(told: Explained, *, is_zh: bool, zone: ZoneInfo) -> Iterator[str]:
    for limit in told.limits:
        yield (
            f"{'限值' if is_zh else 'limit'} {limit.at:g} "
            f"{_word(limit.severity, is_zh=is_zh)}, "
            f"{'回差至' if is_zh else 'released at'} {limit.release:g}"
        )
    yield (
        f"{'持续' if is_zh else 'on-delay'} {told.on_delay_s:g} s, "
        f"{'解除' if is_zh else 'off-delay'} {told.off_delay_s:g} s, "
        f"{'最大间隔' if is_zh else 'largest gap'} {told.largest_gap_s:g} s, "
        f"{'允许迟到' if is_zh else 'allowed lateness'} {told.lateness_s:g} s"
    )
    for side in told.sides:
        value = "?" if side.value is None else f"{side.value:g}"
        yield (
            f"{'前提' if is_zh else 'while'} {side.device} {side.quantity} "
            f"{'≥' if side.is_above else '≤'} {side.limit:g}: {value} "
            f"{'✓' if side.is_true else '✗'}"
        )
    if told.is_scheduled:
        words = ("关", "开") if is_zh else ("closed", "open")
        yield f"{'时段' if is_zh else 'schedule'}: {words[told.is_open]}"
    for step in told.timeline:
        mark = " ◀" if step.is_decision else ""
        yield (
            f"  {_time(step.at, zone)}  {_word(step.severity, is_zh=is_zh)}: "
            f"{_word(step.before, is_zh=is_zh)} → "
            f"{_word(step.after, is_zh=is_zh)}{mark}"
        )
    for order in told.orders:
        yield _order(order, is_zh=is_zh, zone=zone)
    for sample in told.samples:
        yield _sample(sample, is_zh=is_zh, zone=zone)


def _order(order: OrderShown, *, is_zh: bool, zone: ZoneInfo) -> str:
    mark = " ◀" if order.is_judged else ""
    wanted = ""
    if order.quantity is not None and order.low is not None and order.high is not None:
        is_open = order.high >= UNLIMITED
        shown = f"≥ {order.low:g}" if is_open else f"{order.low:g} – {order.high:g}"
        wanted = f" ({'应见' if is_zh else 'to show'} {order.quantity} {shown})"
    return (
        f"  {_time(order.at, zone)}  {order.device} "
        f"{'命令' if is_zh else 'command'} {order.number} "
        f"{_word(order.turn, is_zh=is_zh)}: "
        f"{_word(order.state, is_zh=is_zh)}{wanted}{mark}"
    )


def _sample(sample: SampleShown, *, is_zh: bool, zone: ZoneInfo) -> str:
    words = ", ".join(_word(word, is_zh=is_zh) for word in sample.quality)
    place = "" if sample.lon is None else f" {sample.lon:.6f} {sample.lat:.6f}"
    return (
        f"    {_time(sample.measured_at, zone)}  {sample.device} {sample.what} "
        f"{sample.value:g}{place}  {words or _word('good', is_zh=is_zh)}"
    )


def _verdict(*, is_same: bool, is_zh: bool) -> str:
    if is_same:
        return (
            "重放：结论相同"
            if is_zh
            else "decided again: it comes to the same decision"
        )
    return (
        "重放：结论不同（规则或注册资料之后有变）"
        if is_zh
        else "decided again: it does NOT come to the same decision (registry changed?)"
    )


def _word(word: str, *, is_zh: bool) -> str:
    return ZH.get(word, word) if is_zh else word


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
