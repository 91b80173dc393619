"""Triage the plain way: every alarm looked at again at each entry.

The questions are asked in the order of `docs/rules.md`, "What becomes of an alarm".
Bursts on the mains have tests of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cases.request import SEVERITIES, Hit
from rules.conditions.silence import Silence
from rules.engine.transition import Transition
from rules.files.rule import Rule
from rules.plan.plan_source import PlanSource
from rules.triage.maintenance import Maintenance
from rules.triage.settings import Settings
from tests.triage.oracle_nodes import Hanging, Key, Node, Place

S = 1_000_000
MINUTE = 60 * S

Word = tuple[object, ...]
"""One thing that is decided."""


@dataclass(kw_only=True)
class Alarm:
    """One that stands; `since` is when its siblings learned of it."""

    key: Key
    rule: Rule
    now: Transition
    since: int
    handling: str = ""
    due: int | None = None
    window: int = 0
    place: Place | None = None
    near: set[Place] = field(default_factory=set)

    @property
    def is_safety(self) -> bool:
        return self.rule.is_safety(self.now.severity)


@dataclass(kw_only=True)
class Many:
    """A group or a storm that stands, by an alarm of its own or by its cause's."""

    joined: int
    cause: Key | None = None
    members: set[Key] = field(default_factory=set)
    ever: set[int] = field(default_factory=set)
    takes: bool = True
    worst_due: int | None = None


@dataclass
class Flap:
    """Raises of late of one alarm, and whether it is unstable."""

    raises: list[int] = field(default_factory=list)
    last: int = 0
    is_unstable: bool = False


class Plain:
    """All that is known; `step` returns what is decided at an entry."""

    def __init__(
        self, source: PlanSource, rules: Iterable[Rule], settings: Settings
    ) -> None:
        self.rules = {rule.code: rule for rule in rules}
        self.subjects = {s.device_id: s for s in source.subjects}
        self.windows: tuple[Maintenance, ...] = source.windows
        self.settings = settings
        self.hanging = Hanging(self.rules, self.subjects, settings.groups)
        self.alarms: dict[Key, Alarm] = {}
        self.many: dict[Place, Many] = {}
        self.flaps: dict[Key, Flap] = {}
        self.spent: dict[tuple[str, str, int], list[Key]] = {}
        self.words: list[Word] = []
        self.at = 0

    def step(self, at: int, transitions: Iterable[Transition]) -> list[Word]:
        self.at, self.words = at, []
        for told in transitions:
            key = told.rule.code, told.rule.version, told.device_id
            if told.kind is Hit.RAISED:
                alarm = Alarm(key=key, rule=told.rule, now=told, since=at)
                self.alarms[key] = alarm
                self._ask(alarm)
            elif told.kind is Hit.CLEARED:
                self._clear(self.alarms.pop(key))
            else:
                self._change(self.alarms[key], told)
        self._wake()
        return self.words

    # The questions.

    def _ask(self, alarm: Alarm) -> None:
        window = self._window(alarm, (alarm.now.measured_us, self.at))
        if window is None:
            self._ask_on(alarm)
            return
        lasts = window.from_us <= self.at < window.until_us
        due = window.until_us if lasts else self.at
        self._note(alarm, "maintenance", due=due, window=window.id)

    def _window(self, alarm: Alarm, times: tuple[int, ...]) -> Maintenance | None:
        one = self.subjects[alarm.key[2]]
        found = [
            w
            for w in self.windows
            if any(w.from_us <= at < w.until_us for at in times)
            and (w.safety or not alarm.is_safety)
            and (w.rule is None or w.rule == alarm.key[0])
            and (w.gateway_id is None or w.gateway_id == one.gateway_id)
            and (w.device_id is None or w.device_id == one.device_id)
            and (w.component_id is None or w.component_id == one.component_id)
            and (w.cell_id is None or w.cell_id == one.cell_id)
            and (w.circuit_id is None or w.circuit_id in self.hanging.above(one))
        ]
        return max(found, key=lambda w: (w.until_us, w.id), default=None)

    def _ask_on(self, alarm: Alarm) -> None:
        if self._is_unstable(alarm):
            return
        if alarm.is_safety:
            self._alone(alarm)
            if not self._join_standing(alarm):
                self._gather(alarm)
            return
        if self._join_standing(alarm):
            return
        self._gather(alarm)
        if alarm.place is not None:
            return
        waits_s = [
            n.group.within_s
            for n in self.hanging.member_of(alarm.key)
            if len(n.children) >= n.group.least
        ]
        if waits_s:
            self._note(alarm, "waiting", due=self.at + round(max(waits_s) * S))
        else:
            self._alone(alarm)

    def _is_unstable(self, alarm: Alarm) -> bool:
        limits = self.settings.flapping
        if limits is None or alarm.rule.files is None or alarm.is_safety:
            return False
        flap = self.flaps.setdefault(alarm.key, Flap())
        flap.raises.append(alarm.now.measured_us)
        flap.last = self.at
        newest = max(flap.raises)
        near = [at for at in flap.raises if newest - at < limits.within_s * S]
        if not flap.is_unstable and len(near) <= limits.more_than:
            return False
        self.words.append(("Quiet" if flap.is_unstable else "Unstable", alarm.key))
        flap.is_unstable, alarm.handling = True, "unstable"
        return True

    def _join_standing(self, alarm: Alarm) -> bool:
        for node in self.hanging.member_of(alarm.key):
            if node.place in self.many:
                self._join(alarm, node.place)
                return True
        for node in self.hanging.explains(alarm.key):
            standing = self.many.get(node.place)
            if standing is not None and standing.cause != alarm.key:
                self._join(alarm, node.place)
                self._list_unheard(node)
                return True
        return False

    def _gather(self, alarm: Alarm) -> None:
        for node in self.hanging.counts_for(alarm.key):
            if node.place in self.many:
                continue
            alarm.near.add(node.place)
            if self._is_enough(node):
                self._open(node.place)
                self._take(node)
                of = [self.rules[code] for code in node.group.of if code in self.rules]
                if all(isinstance(rule.condition, Silence) for rule in of):
                    self._list_unheard(node)
                return

    def _near(self, node: Node) -> list[Alarm]:
        return [a for a in self.alarms.values() if node.place in a.near]

    def _is_enough(self, node: Node) -> bool:
        near, group = self._near(node), node.group
        bad = {a.key[2] for a in self._recent(node)}
        unknown = {a.key[2] for a in near if a.key[0] not in group.of}
        before = {a.key[2] for a in near} - bad - unknown
        wanted = group.share * (len(node.children) - len(before))
        return len(bad) >= group.least and len(bad | unknown) >= wanted

    def _recent(self, node: Node) -> list[Alarm]:
        since, of = self.at - round(node.group.within_s * S), node.group.of
        return [a for a in self._near(node) if a.key[0] in of and a.since >= since]

    def _take(self, node: Node) -> None:
        recent = {a.key for a in self._recent(node)}
        links = self.at - round(node.group.links_s * S)
        for alarm in self._near(node):
            is_linked = alarm.handling == "filed" and alarm.since >= links
            is_of = alarm.key[0] in node.group.of
            if is_of and (alarm.key in recent or is_linked):
                self._join(alarm, node.place)

    def _alone(self, alarm: Alarm) -> None:
        if alarm.rule.files is None:
            self._note(alarm, "noted")
        elif not self._is_too_much(alarm):
            self._file(alarm)
            self._lead(alarm)

    def _lead(self, alarm: Alarm) -> None:
        for node in self.hanging.explains(alarm.key):
            if node.place not in self.many and alarm.handling == "filed":
                self._open(node.place, cause=alarm.key)
                self._take(node)
                self._list_unheard(node)

    def _is_too_much(self, alarm: Alarm) -> bool:
        limits = self.settings.storm
        if limits is None or alarm.is_safety:
            return False
        area = f"area:{self.subjects[alarm.key[2]].subdistrict_id or 0}"
        storm = f"storm:{alarm.key[0]}", area
        if storm in self.many and self.many[storm].takes:
            self._join(alarm, storm)
            return True
        minute = alarm.key[0], area, alarm.now.measured_us // MINUTE
        filed = self.spent.setdefault(minute, [])
        if len(filed) < limits.budget:
            filed.append(alarm.key)
            return False
        if storm not in self.many:
            self._open(storm)
        self.many[storm].takes = True
        self.many[storm].worst_due = self.at + round(limits.worst_after_s * S)
        for key in filed:
            other = self.alarms.get(key)
            if other and other.handling == "filed" and other.place is None:
                self._join(other, storm)
        self._join(alarm, storm)
        return True

    # What is done.

    def _file(self, alarm: Alarm) -> None:
        alarm.handling, alarm.due, alarm.window = "filed", None, 0
        self.words.append(("File", "raised", alarm.key))

    def _note(
        self, alarm: Alarm, handling: str, *, due: int | None = None, window: int = 0
    ) -> None:
        alarm.handling, alarm.due, alarm.window = handling, due, window
        self.words.append(("Note", handling, "raised", alarm.key))

    def _open(self, place: Place, cause: Key | None = None) -> None:
        self.many[place] = Many(joined=self.at, cause=cause)
        if cause is None:
            self.words.append(("Open", place))

    def _join(self, alarm: Alarm, place: Place) -> None:
        keeps_own = alarm.handling == "filed"
        if not keeps_own:
            alarm.handling = "storm" if place[0].startswith("storm") else "member"
        alarm.place, alarm.due, alarm.near = place, None, set()
        many = self.many[place]
        many.members.add(alarm.key)
        many.ever.add(alarm.key[2])
        many.joined = self.at
        self.words.append(("Join", place, alarm.key, keeps_own))

    def _list_unheard(self, node: Node) -> None:
        rest = node.children - self.many[node.place].ever
        if node.group.lists_all and rest:
            self.words.append(("Unheard", node.place, tuple(sorted(rest))))

    def _change(self, alarm: Alarm, told: Transition) -> None:
        alarm.now = replace(told, measured_us=alarm.now.measured_us)
        kept = alarm.handling in ("noted", "maintenance")
        if alarm.handling == "filed":
            self.words.append(("File", told.kind, alarm.key))
        elif alarm.is_safety and not kept:
            self._file(alarm)
        else:
            self.words.append(("Note", alarm.handling, told.kind, alarm.key))

    def _clear(self, alarm: Alarm) -> None:
        if alarm.place is not None:
            self.many[alarm.place].members.discard(alarm.key)
            has_own = alarm.handling == "filed"
            self.words.append(("Leave", alarm.place, alarm.key, has_own))
            self._end_if_over(alarm.place)
        elif alarm.handling in ("filed", "member", "storm"):
            self.words.append(("File", "cleared", alarm.key))
        else:
            brief = "brief" if alarm.handling == "waiting" else alarm.handling
            self.words.append(("Note", brief, "cleared", alarm.key))
        for node in self.hanging.explains(alarm.key):
            if node.place in self.many and self.many[node.place].cause == alarm.key:
                self._dissolve(node)

    def _end_if_over(self, place: Place) -> None:
        many = self.many[place]
        if many.members or (many.cause is not None and many.cause in self.alarms):
            return
        del self.many[place]
        if many.cause is None:
            self.words.append(("Close", place))

    def _dissolve(self, node: Node) -> None:
        for key in self.many.pop(node.place).members:
            alarm = self.alarms[key]
            alarm.place = None
            if alarm.handling == "member":
                delay_s = max(alarm.rule.on_delay_s, node.group.within_s)
                alarm.due = self.at + round(delay_s * S)

    # What time makes due.

    def _due(self, handling: str) -> list[Alarm]:
        found = [
            (alarm.due, alarm.key)
            for alarm in self.alarms.values()
            if alarm.handling == handling and alarm.due is not None
        ]
        return [self.alarms[key] for due, key in sorted(found) if due <= self.at]

    def _wake(self) -> None:
        for alarm in self._due("maintenance"):
            window = self._window(alarm, (self.at,))
            if window is None:
                alarm.handling, alarm.since, alarm.window = "waiting", self.at, 0
                self._ask_on(alarm)
            else:
                alarm.due, alarm.window = window.until_us, window.id
        for alarm in self._due("waiting"):
            if alarm.handling == "waiting" and alarm.place is None:
                self._alone(alarm)
        self._outlast(self._due("member"))
        self._settle()
        for place in sorted(place for place in self.many if "storm" in place[0]):
            self._calm(self.many[place])

    def _outlast(self, outlasted: list[Alarm]) -> None:
        for alarm in outlasted:
            alarm.since, alarm.due = self.at, None
        for alarm in outlasted:
            if alarm.place is None and not self._join_standing(alarm):
                self._gather(alarm)
        for alarm in outlasted:
            if alarm.place is None:
                self._alone(alarm)

    def _settle(self) -> None:
        limits = self.settings.flapping
        for key, flap in sorted(self.flaps.items()):
            if limits is not None and self.at >= flap.last + limits.settled_s * S:
                del self.flaps[key]
                if flap.is_unstable:
                    self.words.append(("Settle", key))
                    if key in self.alarms:
                        self.alarms[key].handling = "filed"

    def _calm(self, storm: Many) -> None:
        limits = self.settings.storm
        assert limits is not None
        quiet = round(limits.quiet_s * S)
        if storm.worst_due is not None and self.at >= storm.worst_due:
            storm.worst_due = None
            for alarm in self._worst(storm)[: limits.worst]:
                self._file(alarm)
        storm.takes = storm.takes and self.at < storm.joined + quiet
        rest = self._worst(storm)
        if self.at >= storm.joined + 2 * quiet and len(rest) <= limits.budget:
            for alarm in rest:
                self._file(alarm)

    def _worst(self, storm: Many) -> list[Alarm]:
        found = [self.alarms[key] for key in storm.members]
        return sorted(
            (alarm for alarm in found if alarm.handling == "storm"),
            key=lambda alarm: (
                -SEVERITIES.index(alarm.now.severity),
                -abs(alarm.now.value - alarm.now.threshold),
                alarm.key,
            ),
        )
