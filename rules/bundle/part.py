"""The part of a plan that some alarms need: their rules, and the devices they look at.

Those are the alarms' own devices, what those hang from, and whose readings feed them or
let them be judged; so the engine comes to the same decision. For triage there are also
the rules and children of the groups they may belong to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from rules.bundle.bundle import Gone
from rules.conditions.fence_keys import geofences_of
from rules.files.rule import Rule
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import LIVE, PlanSource, RuleText
from rules.plan.subject import Subject
from rules.plan.town import Town
from rules.triage.layout import Layout, Node
from rules.triage.memory import ties_of
from rules.triage.settings import Over
from rules.triage.turn import AlarmKey


def part_of(
    source: PlanSource, *, rule: str, version: int, device_id: int
) -> PlanSource:
    """Return the part of a plan's source that one alarm needs, without triage.

    Args:
        source: Of the plan in force.
        rule: Code of the rule.
        version: Its version.
        device_id: The device the alarm is on.

    Raises:
        RuleFileError: If the rule file is wrong.
    """
    texts = tuple(
        msgspec.structs.replace(text, stage=LIVE)
        for text in source.rules
        if (text.code, text.version) == (rule, version)
    )
    needed = _Whole.of(source).looked_at([AlarmKey(rule, version, device_id)])
    return msgspec.structs.replace(
        source,
        rules=texts,
        subjects=tuple(s for s in source.subjects if s.device_id in needed),
        triage=None,
        windows=(),
        splits=(),
    )


def looked_at(source: PlanSource, keys: Iterable[AlarmKey]) -> set[int]:
    """Return the devices whose samples decide on alarms, and what they hang from."""
    return _Whole.of(source).looked_at(keys)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose samples decide on one alarm.

    Attributes:
        series: Those that decide, side conditions included.
        own: Those of them that the rule judges.
        device_id: Whose fixes.
    """

    series: frozenset[int]
    own: frozenset[int]
    device_id: int


def asked_of(source: PlanSource, key: AlarmKey) -> Asked:
    """Return the series and the device whose samples decide on one alarm.

    For silence they are all that its device tells.
    """
    whole = _Whole.of(source)
    text = next(t for t in source.rules if (t.code, t.version) == key[:2])
    rule, subject = parse_rule(text.source, version=key.version), whole.by_id[key[2]]
    series = frozenset(whole.series_of(rule, subject)) or frozenset(
        subject.series.values()
    )
    draft = rule.condition.draft(rule, subject, whole.town)
    own = series if draft is None or draft.hears else frozenset(draft.feeding)
    return Asked(series, own, subject.device_id)


def part_with(
    source: PlanSource, layout: Layout, keys: Iterable[AlarmKey], gone: Gone
) -> PlanSource:
    """Return the part of a plan's source that alarms need, with their triage.

    Args:
        source: Of the plan in force.
        layout: Its layout.
        keys: Alarms that are judged.
        gone: What triage went by.
    """
    keys = set(keys)
    known = keys | {turn.key for turn in gone.turns}
    known |= {held.turn.key for held in gone.before.held}
    ties = [found for key in sorted(known) if (found := ties_of(layout, key))]
    nodes = {node.key: node for tie in ties for node in tie.nodes}.values()
    texts = _texts(source, known, nodes)
    rules = [parse_rule(t.source, version=t.version, name=t.code) for t in texts]
    needed = looked_at(source, keys)
    needed |= _above(layout, {key.device_id for key in known})
    for node in nodes:
        needed |= _above(layout, {node.device_id, *node.children})
        needed |= _beside(source, node)
    pipes = {code for node in nodes if node.mains for code in node.mains.pipes}
    return msgspec.structs.replace(
        source,
        rules=texts,
        subjects=tuple(s for s in source.subjects if s.device_id in needed),
        windows=tuple(
            window
            for window in source.windows
            if any(
                window.covers(key.rule, layout.subjects[key.device_id], above)
                for key in known
                if (above := layout.above.get(key.device_id)) is not None
            )
        ),
        geofences=geofences_of(rules, source.geofences),
        pipes=tuple(pipe for pipe in source.pipes if pipe.code in pipes),
    )


def _texts(
    source: PlanSource, known: set[AlarmKey], nodes: Iterable[Node]
) -> tuple[RuleText, ...]:
    """Return the rules of alarms, and those that groups look at."""
    own = {(key.rule, key.version) for key in known}
    named = {
        code
        for node in nodes
        for of in (
            node.group.of,
            node.group.unknown,
            node.group.cause,
            node.group.joins,
        )
        for code in of
    }
    return tuple(
        text
        for text in source.rules
        if (text.code, text.version) in own
        or (text.code in named and text.stage == LIVE)
    )


def _above(layout: Layout, device_ids: set[int]) -> set[int]:
    found: set[int] = set()
    return found.union(*(layout.above.get(each, ()) for each in device_ids))


def _beside(source: PlanSource, node: Node) -> set[int]:
    """Return all behind a gateway: what stands for it is found among those."""
    if node.group.over is not Over.GATEWAY:
        return set()
    children = set(node.children)
    gateways = {s.gateway for s in source.subjects if s.device_id in children}
    return {s.device_id for s in source.subjects if s.gateway in gateways}


@dataclass(frozen=True, slots=True)
class _Whole:
    """A plan's source, ready to be asked who looks at whom."""

    source: PlanSource
    town: Town
    by_id: dict[int, Subject]
    owner: dict[int, int]

    @classmethod
    def of(cls, source: PlanSource) -> "_Whole":
        by_id = {subject.device_id: subject for subject in source.subjects}
        owner = {i: s.device_id for s in source.subjects for i in s.series.values()}
        town = Town(by_id, source.geofences, source.time_zone)
        return cls(source, town, by_id, owner)

    def looked_at(self, keys: Iterable[AlarmKey]) -> set[int]:
        texts = {(text.code, text.version): text for text in self.source.rules}
        rules: dict[tuple[str, int], Rule] = {}
        found: set[int] = set()
        for key in keys:
            found |= self._above(key.device_id)
            text = texts.get(key[:2])
            if text is None or key.device_id not in self.by_id:
                continue
            if key[:2] not in rules:
                rules[key[:2]] = parse_rule(text.source, version=text.version)
            found |= self._fed_by(rules[key[:2]], self.by_id[key.device_id])
        return found

    def series_of(self, rule: Rule, subject: Subject) -> set[int]:
        """Return the series that a rule asks for on one device."""
        draft = rule.condition.draft(rule, subject, self.town)
        if draft is None:
            return set()
        return {*draft.feeding, *(side.series_id for side in draft.sides)}

    def _fed_by(self, rule: Rule, subject: Subject) -> set[int]:
        series = self.series_of(rule, subject)
        return {self.owner[one] for one in series if one in self.owner}

    def _above(self, device_id: int) -> set[int]:
        """Return a device and all that it hangs from."""
        found: set[int] = set()
        at: int | None = device_id
        while at is not None and at in self.by_id and at not in found:
            found.add(at)
            at = self.by_id[at].upstream_id
        return found
