"""The sentences of an explanation, the same for the command line and the page. Pure."""

from collections.abc import Iterator, Sequence

from rules.bundle.many import Gathered
from rules.bundle.resolved import DIRECT, EXPRESSION, REST, SILENCE, Resolved
from rules.bundle.shown import Explained, Gap, Limit, Saying, SideShown
from rules.bundle.tell_words import expression_words, judged_word, word
from rules.conditions.expression import Compound
from rules.files.rule import Words

_SAME = Words("重放：结论相同", "decided again: it comes to the same decision")
_ANOTHER = Words(
    "重放：结论不同（规则或注册资料之后有变？）",
    "decided again: it does NOT come to the same decision"
    " (were rules or devices changed since?)",
)
_KEPT = Words("依据：随案保存的证据包", "from the bundle kept with its case")
_JOURNAL = Words("依据：刚由日志生成", "from the journal, just now")


def engine_sayings(resolved: Resolved, told: Explained) -> Iterator[Saying]:
    """Yield what was resolved for a device, and where each figure comes from.

    Args:
        resolved: The alarm's slot.
        told: What else is told of it.
    """
    yield from _limits(resolved, told)
    if told.judged == REST and told.rest is not None:
        yield _rest(resolved, told.rest, told.unit)
    if told.fences:
        yield _fences(resolved, told)
    if told.judged != SILENCE:
        yield _delays(resolved, told)
    if told.refused:
        yield _refused(told.refused)
    for side in told.sides:
        yield _side(side)
    if told.is_scheduled:
        zh, en = ("开", "open") if told.is_open else ("关", "closed")
        yield Saying(what="schedule", zh=f"判定时段：{zh}", en=f"schedule: {en}")
    if told.gaps:
        yield _gaps(told.gaps, told.largest_gap_s)


def _limits(resolved: Resolved, told: Explained) -> Iterator[Saying]:
    if told.judged not in DIRECT:
        yield _judged(resolved, told)
    if told.judged == EXPRESSION:
        return  # true or not: that is no limit that people could read
    origin = resolved.origin()
    for limit in told.limits:
        yield _limit(limit, told.unit, origin)


def many_sayings(many: Gathered) -> Iterator[Saying]:
    """Yield why a group or a storm is one."""
    if many.children is not None:
        yield Saying(
            what="needed",
            zh=f"上级 {many.upstream}：所辖 {many.children} 个设备，"
            f"{many.within_s:g} 秒内达 {many.needed} 个即成组",
            en=f"upstream {many.upstream}: {many.children} devices, a group from "
            f"{many.needed} within {many.within_s:g} s on",
        )
    else:
        yield Saying(
            what="needed",
            zh=f"同一片区一分钟内达 {many.needed} 起即成批",
            en=f"a storm from {many.needed} in one area within a minute on",
        )
    if (burst := many.burst) is None:
        return
    agrees = burst.slack_s >= 0
    yield Saying(
        what="burst",
        zh=f"最能解释的管段 {burst.pipe}，距 {burst.start} {burst.metres} m，"
        f"把握 {burst.certainty:.0%}，其次 {burst.runner_up or '无'}；"
        f"到达时间{'相符' if agrees else '不完全相符'}",
        en=f"pipe {burst.pipe} explains it best, {burst.metres} m from "
        f"{burst.start}, clear by {burst.certainty:.0%}, next is "
        f"{burst.runner_up or 'none'}; times of arrival "
        f"{'agree' if agrees else 'do not quite agree'}",
    )


def verdict_sayings(
    *, is_kept: bool, is_same: bool, is_triaged: bool, why_told: str
) -> list[Saying]:
    """Return what deciding again came to, and on what.

    Args:
        is_kept: Whether on a bundle that was kept with the case.
        is_same: Whether it came to the same.
        is_triaged: Whether what became of the alarm was decided again as well.
        why_told: Why that is only told.
    """
    source, decided = _KEPT if is_kept else _JOURNAL, _SAME if is_same else _ANOTHER
    said = [
        Saying(what="source", zh=source.zh, en=source.en),
        Saying(what="decided", zh=decided.zh, en=decided.en),
    ]
    if not is_triaged:
        why = word(why_told)
        zh = f"处置仅转述：{why.zh}"
        en = f"its handling is told, not decided again: {why.en}"
        said.append(Saying(what="told", zh=zh, en=en))
    return said


def _judged(resolved: Resolved, told: Explained) -> Saying:
    made, condition = judged_word(told.judged), resolved.rule.condition
    if isinstance(condition, Compound):
        words = expression_words(condition.expression.text)
        return Saying(what="judged", zh=f"判定：{words.zh}", en=f"bad while {words.en}")
    if told.judged == SILENCE:
        return Saying(what="judged", zh=f"判定：{made.zh}", en=f"judged: {made.en}")
    known = {s.what: (s.what_zh, s.what_en) for s in told.samples if s.is_own}
    own = dict(sorted(known.items(), key=lambda one: one[0] != told.quantity))
    zh = "、".join(zh for zh, _ in own.values())
    en = ", ".join(en for _, en in own.values())
    return Saying(
        what="judged",
        zh=f"判定：由{zh}算出的{made.zh}",
        en=f"judged: {made.en}, made of its {en}",
    )


def _limit(limit: Limit, unit: str, origin: Words) -> Saying:
    severity = word(limit.severity)
    at, release = with_unit(limit.at, unit), with_unit(limit.release, unit)
    is_back = limit.release != limit.at
    zh = f"，回差至 {release}" if is_back else ""
    en = f", released at {release}" if is_back else ""
    return Saying(
        what="limit",
        zh=f"限值 {at}：{severity.zh}{zh}（{origin.zh}）",
        en=f"limit {at}: {severity.en}{en} ({origin.en})",
    )


def _rest(resolved: Resolved, rest: float, unit: str) -> Saying:
    origin, at = resolved.rest_origin(), with_unit(rest, unit)
    return Saying(
        what="rest",
        zh=f"静置值 {at}（{origin.zh}）",
        en=f"it rests at {at} ({origin.en})",
    )


def _fences(resolved: Resolved, told: Explained) -> Saying:
    origin, n = resolved.fence_origin(), len(resolved.fences)
    if n > 1:
        return Saying(
            what="fence",
            zh=f"围栏：{n} 个（{origin.zh}）",
            en=f"fences: {n} ({origin.en})",
        )
    fence = told.fences[0]
    return Saying(
        what="fence",
        zh=f"围栏：{fence.name_zh} {fence.code}（{origin.zh}）",
        en=f"fence: {fence.name_en} {fence.code} ({origin.en})",
    )


def _delays(resolved: Resolved, told: Explained) -> Saying:
    gap, late = resolved.gap_origin(), resolved.lateness_origin()
    return Saying(
        what="delays",
        zh=(
            f"持续 {told.on_delay_s:g} s、解除 {told.off_delay_s:g} s（规则）；"
            f"最大间隔 {told.largest_gap_s:g} s（{gap.zh}）；"
            f"允许迟到 {told.lateness_s:g} s（{late.zh}）"
        ),
        en=(
            f"on-delay {told.on_delay_s:g} s, off-delay {told.off_delay_s:g} s"
            f" (the rule), largest gap {told.largest_gap_s:g} s ({gap.en}), allowed"
            f" lateness {told.lateness_s:g} s ({late.en})"
        ),
    )


def _refused(refused: Sequence[str]) -> Saying:
    words = [word(each) for each in refused]
    return Saying(
        what="refused",
        zh=f"不判定的数据：{'、'.join(each.zh for each in words)}",
        en=f"not judged: {', '.join(each.en for each in words)}",
    )


def _side(side: SideShown) -> Saying:
    value = "?" if side.value is None else with_unit(side.value, side.unit)
    sign, mark = "≥" if side.is_above else "≤", "✓" if side.is_true else "✗"
    wanted = f"{sign} {with_unit(side.limit, side.unit)}"
    return Saying(
        what="while",
        zh=f"前提 {side.device} {side.quantity_zh} {wanted}：当时 {value} {mark}",
        en=f"while {side.device} {side.quantity_en} {wanted}: then {value} {mark}",
    )


def _gaps(gaps: Sequence[Gap], largest_s: float) -> Saying:
    n = len(gaps)
    return Saying(
        what="gap",
        zh=f"{n} 处数据间隔超过 {largest_s:g} s：其间不明，不计入持续也不打断",
        en=f"{n} times no sample for more than {largest_s:g} s: unknown, it neither"
        " counts towards a delay nor breaks it",
    )


def with_unit(value: float, unit: str) -> str:
    """Return a number as people read it, with its unit."""
    return f"{value:g} {unit}".strip()
