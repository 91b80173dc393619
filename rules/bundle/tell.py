"""An explanation as lines for a person: 中文 first with English beside it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.bundle.course import CourseStep
from rules.bundle.many import Gathered, MemberShown
from rules.bundle.orders import OrderShown
from rules.bundle.samples_shown import nearest
from rules.bundle.sayings import with_unit
from rules.bundle.shown import Explained, SampleShown, Saying
from rules.bundle.tell_words import named_quantity, word
from rules.bundle.whole import Whole
from vocabulary.command_effect import UNLIMITED

BESIDE = "  |  "
"""Between the two languages of a line."""

MOST_MEMBERS = 60
"""Members of a group or storm that are listed; of more, the first."""

MOST_BEFORE, MOST_AFTER = 12, 6
"""Samples that are printed of each series before and after the decision."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """In which language, and whose times.

    Attributes:
        lang: zh, en, or empty for both.
        zone: The city's.
    """

    lang: str
    zone: ZoneInfo

    def say(self, zh: str, en: str, *, indent: int = 0) -> str:
        """Return a line in the language that is wanted."""
        return " " * indent + BESIDE.join(self._in(zh, en))

    def says(self, saying: Saying) -> str:
        """Return a sentence in the language that is wanted."""
        return self.say(saying.zh, saying.en)

    def word(self, english: str) -> str:
        """Return one word that the records have in English."""
        found = word(english)
        return self.name(found.zh, found.en)

    def name(self, zh: str, en: str) -> str:
        """Return a name."""
        return " ".join(part for part in self._in(zh, en) if part)

    def time(self, at: datetime) -> str:
        """Return a time with its offset from UTC."""
        local = at.astimezone(self.zone)
        return local.isoformat(sep=" ", timespec="seconds")

    def _in(self, zh: str, en: str) -> Sequence[str]:
        both = {"zh": (zh,), "en": (en,)}.get(self.lang, (zh, en))
        return list(dict.fromkeys(both))


def lines_of(whole: Whole, *, lang: str, zone: ZoneInfo) -> Iterator[str]:
    """Yield an explanation line by line.

    Args:
        whole: The explanation.
        lang: `zh` or `en`; empty for both.
        zone: Whose times are shown.
    """
    tongue = Tongue(lang, zone)
    yield from _head(whole, tongue)
    yield from _became(whole, tongue)
    yield from map(tongue.says, whole.sayings)
    if whole.explained is not None:
        yield from _engine(whole.explained, tongue)
    if whole.gathered is not None:
        yield from _many(whole.gathered, tongue)
    yield from _verdict(whole, tongue)


def _head(whole: Whole, tongue: Tongue) -> Iterator[str]:
    alarm, told = whole.alarm, whole.explained
    yield tongue.say(alarm.reason_zh, alarm.reason_en)
    names = f"{alarm.rule}@{alarm.rule_version}"
    if told is not None:
        names = f"{tongue.name(told.name_zh, told.name_en)} ({names})"
    elif whole.gathered is not None:
        many = whole.gathered
        names = f"{tongue.name(many.name_zh, many.name_en)} ({names})"
    yield f"{tongue.name('规则', 'rule')}: {names}"
    yield (
        f"{tongue.name('设备', 'device')}: {alarm.device_code}, "
        f"{tongue.word(alarm.severity)}"
    )
    yield (
        f"{tongue.name('采样', 'measured')}: {tongue.time(alarm.measured_at)}, "
        f"{tongue.name('报警', 'raised')}: {tongue.time(alarm.raised_at)}"
        + (
            ""
            if alarm.cleared_at is None
            else f", {tongue.name('解除', 'cleared')}: {tongue.time(alarm.cleared_at)}"
        )
    )


def _became(whole: Whole, tongue: Tongue) -> Iterator[str]:
    alarm, route = whole.alarm, whole.route
    yield f"{tongue.name('处置', 'handling')}: {tongue.word(alarm.handling)}"
    if alarm.window_reason is not None:
        yield (
            f"{tongue.name('维护窗口', 'maintenance window')}: {alarm.window_reason} "
            f"({alarm.window_owner})"
        )
    yield from _course(whole.course, tongue)
    yield tongue.say(
        f"一小时内第 {alarm.raises} 次",
        f"raised {alarm.raises} times within the hour"
        if alarm.raises > 1
        else "the first within the hour",
    )
    if route is not None:
        yield f"{tongue.name('案件', 'case')}: {route.number}"
        cell = route.cell or tongue.name("网格外", "outside the grid")
        yield f"{tongue.name('网格', 'cell')}: {cell}"
        why = tongue.name(route.unit_reason_zh, route.unit_reason_en)
        yield (
            f"{tongue.name('承办单位', 'department')}: "
            f"{tongue.name(route.unit_zh, route.unit_en)} ({route.unit}); {why}"
        )
    for correction in whole.corrections:
        yield tongue.say(correction.zh, correction.en)


def _course(course: Sequence[CourseStep], tongue: Tongue) -> Iterator[str]:
    for step in course:
        yield f"  {tongue.time(step.at)}  {tongue.say(step.zh, step.en)}"


def _engine(told: Explained, tongue: Tongue) -> Iterator[str]:
    yield from _states(told, tongue)
    if told.orders:
        yield f"{tongue.name('命令', 'orders')}:"
    for order in told.orders:
        yield _order(order, tongue)
    yield from _samples(told, tongue)


def _states(told: Explained, tongue: Tongue) -> Iterator[str]:
    if told.timeline:
        yield f"{tongue.name('状态', 'states')}:"
    for step in told.timeline:
        mark = f" ◀ {tongue.name('本次报警', 'this alarm')}" if step.is_decision else ""
        yield (
            f"  {tongue.time(step.at)}  {tongue.word(step.severity)}: "
            f"{tongue.word(step.before)} → {tongue.word(step.after)}{mark}"
        )


def _samples(told: Explained, tongue: Tongue) -> Iterator[str]:
    if told.samples:
        yield f"{tongue.name('样本', 'samples')}:"
    is_before = True
    for sample in nearest(told.samples, before=MOST_BEFORE, after=MOST_AFTER):
        if is_before and not sample.is_before:
            yield f"  — {tongue.name('报警之后', 'after the decision')} —"
        is_before = sample.is_before
        yield _sample(sample, tongue)


def _order(order: OrderShown, tongue: Tongue) -> str:
    mark = f" ◀ {tongue.name('本次报警', 'this alarm')}" if order.is_judged else ""
    wanted = ""
    if order.quantity is not None and order.low is not None and order.high is not None:
        is_open = order.high >= UNLIMITED
        shown = f"≥ {order.low:g}" if is_open else f"{order.low:g} – {order.high:g}"
        named = named_quantity(order.quantity)
        wanted = (
            f" ({tongue.name('应见', 'to show')} "
            f"{tongue.name(named.zh, named.en)} {shown} {named.unit})"
        )
    return (
        f"  {tongue.time(order.at)}  {order.device} "
        f"{tongue.name('命令', 'command')} {order.number} "
        f"{tongue.word(order.turn)}: {tongue.word(order.state)}{wanted}{mark}"
    )


def _sample(sample: SampleShown, tongue: Tongue) -> str:
    words = ", ".join(tongue.word(each) for each in sample.quality)
    place = "" if sample.lon is None else f" {sample.lon:.6f} {sample.lat:.6f}"
    return (
        f"  {tongue.time(sample.measured_at)}  {sample.device} "
        f"{tongue.name(sample.what_zh, sample.what_en)} "
        f"{sample.value:g} {sample.unit}{place}  {words or tongue.word('good')}"
    )


def _many(many: Gathered, tongue: Tongue) -> Iterator[str]:
    yield f"{tongue.name('成员（按先后）', 'members, in their order')}:"
    for member in many.members[:MOST_MEMBERS]:
        yield _member(member, tongue)
    if len(many.members) > MOST_MEMBERS:
        left = len(many.members) - MOST_MEMBERS
        yield tongue.say(f"另有 {left} 个", f"{left} more", indent=2)
    if many.unheard:
        yield (
            f"{tongue.name('状态不明', 'nobody can tell of')}: "
            f"{', '.join(many.unheard[:MOST_MEMBERS])}"
        )


def _member(member: MemberShown, tongue: Tongue) -> str:
    value = ""
    if member.value is not None and member.threshold is not None:
        value = (
            f" {member.value:g} ({tongue.name('限值', 'limit')}"
            f" {with_unit(member.threshold, member.unit)})"
        )
    filed = (
        f" {tongue.name('曾单独立案', 'was filed alone')}" if member.was_filed else ""
    )
    told = "" if member.is_judged else f" {tongue.name('仅转述', 'only told')}"
    return (
        f"  {tongue.time(member.felt_at)}  {member.device} "
        f"{tongue.name(member.rule_zh, member.rule_en)}{value}{filed}{told}"
    )


def _verdict(whole: Whole, tongue: Tongue) -> Iterator[str]:
    if whole.why_not:
        why = tongue.word(whole.why_not)
        yield f"{tongue.name('无法重放', 'cannot be decided again')}: {why}"
        return
    for saying in whole.verdict:
        at = whole.kept_at if saying.what == "source" else None
        yield tongue.says(saying) + ("" if at is None else f" ({tongue.time(at)})")
    yield f"SHA-256 {whole.total}"
