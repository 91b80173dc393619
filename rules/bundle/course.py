"""What triage made of an alarm, step by step, in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rules.bundle.bundle import Bundle
from rules.bundle.many import limits_of
from rules.bundle.replay import Replayed
from rules.files.rule import Words
from rules.plan.plan import Plan
from rules.triage.desk import Handling
from rules.triage.grouping import waits_for
from rules.triage.record import Said
from vocabulary.times import datetime_from_us

_STANDS_ALONE = Words(
    "单独立案，或计入同一问题已有的案件",
    "filed on its own, or a hit on the open case of the same problem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStep:
    """One decision of triage.

    Attributes:
        at: Journal time.
        what: file, note, unstable, quiet, settle, open, join, unheard, leave or close.
        zh: 在说什么.
        en: What it means.
    """

    at: datetime
    what: str
    zh: str
    en: str


def course_of(bundle: Bundle, replayed: Replayed) -> list[CourseStep]:
    """Return what triage made of an alarm, in order."""
    times = {entry.seq: entry.at_us for entry in bundle.entries}
    is_of_many = bundle.decided.is_of_many
    steps = []
    for said in bundle.said:
        # Members are listed by themselves.
        if is_of_many and said.what in ("join", "leave"):
            continue
        words = _words(replayed.plan, said)
        at = datetime_from_us(times[said.seq])
        steps.append(CourseStep(at=at, what=said.what, zh=words.zh, en=words.en))
    return steps


def _words(plan: Plan, said: Said) -> Words:
    match said.what:
        case "file":
            return _FILED.get(said.hit, _FILED["raised"])
        case "note":
            return _noted(plan, said)
        case "unstable":
            return Words(
                f"短时间内第 {said.count} 次触发：信号不稳定，稳定前只计数",
                f"raised {said.count} times of late: unstable, only counted now",
            )
        case "quiet":
            return Words("信号仍不稳定：只计数", "still unstable: only counted")
        case "settle":
            return Words(
                f"已稳定；其间另有 {said.count} 次",
                f"it has settled; {said.count} more raises meanwhile",
            )
        case _:
            return _of_bundle(plan, said)


_FILED: Mapping[str, Words] = {
    "raised": _STANDS_ALONE,
    "escalated": Words("加重，已告知案件", "it became worse, and the case was told"),
    "eased": Words("缓解，已告知案件", "it eased, and the case was told"),
    "cleared": Words("解除，已告知案件", "it cleared, and the case was told"),
}

_NOTED: Mapping[str, Words] = {
    Handling.BRIEF: Words(
        "等待同组时已解除：不立案", "it cleared while it waited: not filed"
    ),
    Handling.MAINTENANCE: Words(
        "在维护窗口内：只记录，不立案",
        "within a maintenance window: recorded, not filed",
    ),
    Handling.SHADOW: Words("规则试运行：不立案", "its rule is on trial: not filed"),
    Handling.NOTED: Words("规则只报警，不立案", "its rule files nothing"),
}


def _noted(plan: Plan, said: Said) -> Words:
    if said.handling == Handling.WAITING and said.hit == "raised":
        wait_s = waits_for(plan.layout, said.alarm.key)
        return Words(
            f"等待 {wait_s:g} 秒，看同组设备是否相同",
            f"waits {wait_s:g} s, to see whether others beside it say the same",
        )
    return _NOTED.get(
        said.handling, Words("仍在等待", "it changed while it was waiting")
    )


def _of_bundle(plan: Plan, said: Said) -> Words:
    if said.of is None:
        raise AssertionError(f"{said.what} is about no group or storm")
    node = plan.layout.nodes.get(said.of)
    names, needed, within_s = limits_of(plan, said.of, node)
    zh = f"“{names.zh}”{'成批案件' if node is None else f'（{node.name}）'}"
    en = f"“{names.en}” {'storm' if node is None else f'of {node.name}'}"
    match said.what:
        case "open":
            return Words(
                f"成组立案：{zh}，{within_s:g} 秒内达到 {needed} 起",
                f"filed as one: {en}; it takes {needed} within {within_s:g} s",
            )
        case "join":
            also = ("（已单独立案，予以关联）", " (filed alone before, now linked)")
            return Words(
                f"并入{zh}{also[0] if said.keeps_own else ''}",
                f"joins the {en}{also[1] if said.keeps_own else ''}",
            )
        case "unheard":
            n = len(said.unheard)
            return Words(
                f"成为{zh}的起因；其余 {n} 个设备状态不明，一并列入",
                f"stands for the {en}: {n} more devices are listed, nobody can tell"
                " of them meanwhile",
            )
        case "leave":
            return Words(f"解除，离开{zh}", f"it cleared and leaves the {en}")
        case _:
            return Words(f"{zh}全部解除", f"all of the {en} has cleared")
