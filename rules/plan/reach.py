"""Whom a rule judges; and of those it does not, what they lack. Pure.

A rule that never fires is most often one that judges nobody: no vehicle has a work
area, no geofence is of the kind it names, the lamps have no programme.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rules.conditions.command import NoAnswer, NoEffect
from rules.conditions.dimming import Dimming
from rules.conditions.expression import Compound
from rules.conditions.fence_keys import FenceKeys, OnFences
from rules.conditions.from_rest import FromRest
from rules.files.rule import Condition, Rule, Side, Whose, Words
from rules.plan.subject import Subject
from rules.plan.town import ALL, KIND, OWN, Town
from rules.schedules.lamp import LampAsk, Without
from vocabulary.quantity import QUANTITIES, Quantity
from vocabulary.registry_facts import GeofenceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What some devices lack.

    Attributes:
        zh: 缺什么.
        en: What.
        devices: How many lack it before anything else.
    """

    zh: str
    en: str
    devices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom one rule judges.

    Attributes:
        name: The rule's, for people.
        kind: The kind of device it is for.
        devices: How many of these there are.
        judged: How many of them it judges.
        lacks: What the others lack, most frequent first; where there is no device of
            the kind at all, that.
    """

    name: Words
    kind: str
    devices: int
    judged: int
    lacks: tuple[Lack, ...]


def reach_of(
    rule: Rule,
    subjects: Sequence[Subject],
    geofences: Iterable[GeofenceFacts],
    *,
    programmes: Iterable[str],
    time_zone: str,
) -> Reach:
    """Return whom a rule judges of a registry, as the plan compiler does.

    Args:
        rule: At any stage of its life.
        subjects: All devices.
        geofences: All there are.
        programmes: Codes of the lamp programmes.
        time_zone: The city's IANA zone.
    """
    by_id = {subject.device_id: subject for subject in subjects}
    fences = tuple(sorted(geofences, key=lambda fence: fence.id))
    town, known = Town(by_id, fences, time_zone), frozenset(programmes)
    mine = [subject for subject in subjects if subject.kind == rule.kind]
    lacks = Counter(
        lack
        for subject in mine
        if (lack := _lack(rule, subject, town, known)) is not None
    )
    judged = len(mine) - lacks.total()
    if not mine:
        lacks[f"没有 {rule.kind} 类设备", f"there is no {rule.kind}"] = 0
    return Reach(
        name=rule.name,
        kind=rule.kind,
        devices=len(mine),
        judged=judged,
        lacks=tuple(
            Lack(zh=zh, en=en, devices=count) for (zh, en), count in lacks.most_common()
        ),
    )


_Words = tuple[str, str]
"""The same in Chinese and English."""


@runtime_checkable
class _OnSides(Protocol):
    @property
    def sides(self) -> tuple[Side, ...]: ...


def _lack(
    rule: Rule, subject: Subject, town: Town, programmes: frozenset[str]
) -> _Words | None:
    """Return what keeps a rule from judging a device; None if it judges it."""
    if rule.condition.draft(rule, subject, town) is None:
        return next(_wanting(rule, subject, town), ("缺少所需", "lacks what it takes"))
    ask = None if rule.when is None else rule.when.ask
    if (
        isinstance(ask, LampAsk)
        and ask.without_programme is Without.NEVER
        and subject.programme not in programmes
    ):
        return "没有亮灯方案", "has no lamp programme"
    return None


def _wanting(rule: Rule, subject: Subject, town: Town) -> Iterator[_Words]:
    """Yield what a device lacks of what a condition asks for."""
    condition = rule.condition
    if isinstance(condition, OnFences):
        yield _no_fence(condition.keys)
    for is_upstream, quantity in _quantities(condition):
        if is_upstream and subject.upstream_id not in town:
            yield "没有上级设备", "hangs from no device"
        elif is_upstream and quantity not in town[subject.upstream_id or 0].series:
            zh, en = _named(quantity)
            yield f"上级设备没有{zh}", f"what it hangs from has no {en}"
        elif not is_upstream and quantity not in subject.series:
            zh, en = _named(quantity)
            yield f"没有{zh}", f"has no {en}"
    if isinstance(condition, Dimming):
        yield "没有额定功率", "has no rated power"
    if isinstance(condition, NoEffect):
        yield "不上报能看出指令是否生效的量", "has nothing that shows such orders"
    if isinstance(condition, NoAnswer):
        yield "不上报任何量", "tells of no quantity"


def _quantities(condition: Condition) -> Iterator[tuple[bool, str]]:
    """Yield each quantity that a condition needs, and whether it is the upstream's."""
    if condition.quantity is not None:
        yield False, condition.quantity
    if isinstance(condition, _OnSides):
        for side in condition.sides:
            if not side.is_optional:
                yield side.of is Whose.UPSTREAM, side.quantity
    if isinstance(condition, Compound):
        for operand in condition.expression.operands:
            if operand.is_upstream or operand.quantity not in condition.missing:
                yield operand.is_upstream, operand.quantity
    if isinstance(condition, Dimming):
        yield False, Quantity.DIMMING_PCT
    if isinstance(condition, FromRest) and condition.only is not None:
        yield False, condition.only


def _named(quantity: str) -> _Words:
    facts = QUANTITIES[Quantity(quantity)]
    return facts.name_zh, facts.name_en


def _no_fence(keys: FenceKeys) -> _Words:
    if keys.fences == OWN:
        return "所属车辆没有作业区", "its vehicle has no work area"
    if keys.fences == ALL:
        return "没有任何围栏", "there is no geofence"
    if kind := KIND.fullmatch(keys.fences):
        return f"没有 {kind[1]} 类围栏", f"no geofence is of kind {kind[1]}"
    return f"没有围栏 {keys.fences}", f"there is no geofence {keys.fences}"
