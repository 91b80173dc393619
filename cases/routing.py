"""Choose the unit a case is addressed to, and say why that one.

Components go to whoever owns them and only then to the territory (先属主后属地), 事件
to the territory first (先属地后属主); a class may have an order of its own. The orders
are data, `cases/routing.toml`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, TypeAlias

import msgspec

from cases.request import CaseType
from cases.words import Words
from vocabulary.device import DeviceKind

ClassKey: TypeAlias = tuple[CaseType, str, str]
"""Type, scheme and code of a class: the code alone means nothing."""


Hours: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=8784)]
"""Hours after closing; a year at most."""


class Who(StrEnum):
    """A unit's part in a case."""

    MAINTAINER = "maintainer"  # 养护
    OWNER = "owner"  # 权属
    AUTHORITY = "authority"  # 主管
    SUBDISTRICT = "subdistrict"  # 街道
    LINE = "line"  # 专业部门
    OPERATOR = "operator"  # 用车单位
    CENTRE = "centre"  # 中心, when nobody else is known


class RoutingFileError(ValueError):
    """A routing file is wrong."""


class Orders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order of each case type, and the centre that answers for what is left."""

    component: tuple[Who, ...]
    event: tuple[Who, ...]
    centre: tuple[str, ...] = ()


class Automatic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Conditions that are dispatched without a dispatcher, by case type."""

    component: tuple[str, ...]
    event: tuple[str, ...]


class ClassRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is special about one class."""

    scheme: str
    type: CaseType
    code: str
    why_zh: str
    why_en: str
    order: tuple[Who, ...] = ()
    line: tuple[str, ...] = ()
    reopen_h: Hours | None = None


class Comeback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How soon after closing a problem that is back reopens its case, in hours.

    By condition of each case type; `reopen_h` for what is not named.
    """

    reopen_h: Hours = 24.0
    component: dict[str, Hours] = {}
    event: dict[str, Hours] = {}


class Demanded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Conditions, by case type, that are closed only while the sensor agrees."""

    component: frozenset[str] = frozenset()
    event: frozenset[str] = frozenset()


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a sensor has to be back to normal to prove that a repair holds.

    In hours, by condition of each case type; 0 where this sensor cannot prove it, and
    only people can.
    """

    hold_h: Hours = 1.0
    component: dict[str, Hours] = {}
    event: dict[str, Hours] = {}
    demanded: Demanded = Demanded()


class Instead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A component class whose trouble an 事件 is, where a device watches one."""

    scheme: str
    code: str
    condition: str
    component: str
    files: str


class Unattached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The class of a device kind's problems when the device watches no component."""

    kind: DeviceKind
    type: CaseType
    scheme: str
    code: str


class Routing(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"classes": "class"}
):
    """A routing file."""

    order: Orders
    automatic: Automatic
    classes: tuple[ClassRule, ...]
    unattached: tuple[Unattached, ...]
    instead: tuple[Instead, ...] = ()
    comeback: Comeback = Comeback()
    proof: Proof = Proof()

    def rule_of(self, problem: ClassKey) -> ClassRule | None:
        """Return what is special about a class, if anything is."""
        return next((rule for rule in self.classes if _key(rule) == problem), None)

    def is_automatic(self, type_: CaseType, condition: str) -> bool:
        """Tell whether a condition is dispatched by the machine."""
        if type_ is CaseType.COMPONENT:
            return condition in self.automatic.component
        return condition in self.automatic.event

    def reopen_within(self, problem: ClassKey, condition: str) -> timedelta:
        """Return how soon after closing a problem that is back reopens its case.

        What is said of the class comes first, then of the condition, then of all.
        """
        rule, comeback = self.rule_of(problem), self.comeback
        if rule is not None and rule.reopen_h is not None:
            return timedelta(hours=rule.reopen_h)
        is_component = problem[0] is CaseType.COMPONENT
        named = comeback.component if is_component else comeback.event
        return timedelta(hours=named.get(condition, comeback.reopen_h))

    def proof_hold(self, type_: str, condition: str) -> timedelta | None:
        """Return how long a recovery has to hold to be proof; None if it is none."""
        proof = self.proof
        named = proof.component if type_ == CaseType.COMPONENT else proof.event
        hold_h = named.get(condition, proof.hold_h)
        return timedelta(hours=hold_h) if hold_h else None

    def demands_proof(self, type_: str, condition: str) -> bool:
        """Tell whether such a case is closed only while its sensor agrees."""
        demanded = self.proof.demanded
        is_component = type_ == CaseType.COMPONENT
        return condition in (demanded.component if is_component else demanded.event)

    def instead_of(
        self, problem: ClassKey, condition: str, component_class: str
    ) -> str | None:
        """Return the condition an 事件 has as its component's own, if it is that."""
        if problem[0] is not CaseType.EVENT:
            return None
        wanted = problem[1], problem[2], condition, component_class
        found = (
            each.files
            for each in self.instead
            if (each.scheme, each.code, each.condition, each.component) == wanted
        )
        return next(found, None)

    def class_of_unattached(self, kind: DeviceKind) -> ClassKey | None:
        """Return the class for a device of this kind that watches no component."""
        found = (each for each in self.unattached if each.kind is kind)
        return next(((each.type, each.scheme, each.code) for each in found), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The unit chosen.

    Attributes:
        unit_id: Who has to act.
        who: Its part in the case.
        reason: The order that chose and the part, as one word: `component:owner`.
        words: The same for people.
        considered: Everybody asked for, in order, and the unit they turned out to be.
    """

    unit_id: int
    who: Who
    reason: str
    words: Words
    considered: tuple[tuple[Who, int | None], ...]


WHO_WORDS: dict[Who, Words] = {
    Who.MAINTAINER: Words("养护单位", "maintainer"),
    Who.OWNER: Words("权属单位", "owner"),
    Who.AUTHORITY: Words("主管部门", "authority"),
    Who.SUBDISTRICT: Words("所在街道", "sub-district of the cell"),
    Who.LINE: Words("专业部门", "line department"),
    Who.OPERATOR: Words("用车单位", "operator of the vehicle"),
    Who.CENTRE: Words("中心", "centre"),
}

_ORDER_WORDS: dict[CaseType, Words] = {
    CaseType.COMPONENT: Words(
        "部件先属主后属地", "components: owner first, then territory"
    ),
    CaseType.EVENT: Words("事件先属地后属主", "events: territory first, then owner"),
}


_CLASS_WORDS = Words("本类案卷另有规定", "this class has an order of its own")

BY_HAND = "dispatcher"
"""`case_file.unit_reason` where a dispatcher chose, and not the routing."""


def read_routing(text: str) -> Routing:
    """Read a routing file.

    Raises:
        RoutingFileError: If it is not TOML, a field or word is unknown, or a class is
            there twice.
    """
    try:
        routing = msgspec.toml.decode(text, type=Routing)
    except msgspec.DecodeError as error:
        raise RoutingFileError(str(error)) from error
    counts = Counter(map(_key, routing.classes))
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        raise RoutingFileError(f"classes named twice: {sorted(twice)}")
    return routing


@cache
def shipped_routing() -> Routing:
    """Return the routing that comes with the program."""
    file = resources.files("cases") / "routing.toml"
    return read_routing(file.read_text(encoding="utf-8"))


def choose(
    routing: Routing, problem: ClassKey, known: Mapping[Who, int]
) -> Route | None:
    """Choose the unit a case is addressed to.

    Args:
        routing: The orders.
        problem: Type, scheme and code of the case's class.
        known: The units that have a part in the case.

    Returns:
        The unit, or None if not even a centre is known.
    """
    name, words, order = _order(routing, problem)
    considered = [(who, known.get(who)) for who in (*order, Who.CENTRE)]
    for place, (who, unit_id) in enumerate(considered, 1):
        if unit_id is not None:
            why = WHO_WORDS[who]
            return Route(
                unit_id=unit_id,
                who=who,
                reason=f"{name}:{who}",
                words=Words(f"{words.zh}：{why.zh}", f"{words.en}: {why.en}"),
                considered=tuple(considered[:place]),
            )
    return None


def reason_words(reason: str) -> Words:
    """Return the words for a stored `case_file.unit_reason`, such as `event:line`."""
    if reason == BY_HAND:
        return Words("派遣员指定", "chosen by the dispatcher")
    name, _, who = reason.partition(":")
    is_type = name in CaseType.__members__.values()
    order = _ORDER_WORDS[CaseType(name)] if is_type else _CLASS_WORDS
    part = WHO_WORDS[Who(who)]
    return Words(f"{order.zh}：{part.zh}", f"{order.en}: {part.en}")


def _order(routing: Routing, problem: ClassKey) -> tuple[str, Words, tuple[Who, ...]]:
    type_ = problem[0]
    rule = routing.rule_of(problem)
    if rule is not None and rule.order:
        return "class", Words(rule.why_zh, rule.why_en), rule.order
    orders = {
        CaseType.COMPONENT: routing.order.component,
        CaseType.EVENT: routing.order.event,
    }
    return type_, _ORDER_WORDS[type_], orders[type_]


def _key(rule: ClassRule) -> ClassKey:
    return rule.type, rule.scheme, rule.code
