"""What hangs from what, for triage: compiled once for each plan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rules.conditions.silence import Silence
from rules.files.rule import Rule
from rules.pipes.mains import Mains, mains_of
from rules.plan.plan_source import SHADOW, PlanSource
from rules.plan.subject import Subject
from rules.triage.desk import BundleKey
from rules.triage.maintenance import Maintenance
from rules.triage.settings import Group, Over, Settings, read_settings
from rules.triage.turn import AlarmKey
from vocabulary.device import DeviceKind
from vocabulary.registry_facts import PipeFacts

ANYWHERE = "area:0"
"""The area of what lies in no sub-district."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What the members of a group hang from.

    Attributes:
        key: The group and the node.
        group: The group.
        device_id: The upstream device, or the first device behind the gateway.
        gateway_id: The gateway, where the case is about that.
        name: Its code, for people.
        children: Devices that may be members, ascending.
        mains: The mains, where members are found on those.
    """

    key: BundleKey
    group: Group
    device_id: int
    gateway_id: int | None
    name: str
    children: tuple[int, ...]
    mains: Mains | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What triage asks of rules and devices.

    Attributes:
        settings: The triage file.
        rules: By code; of a rule's versions the live one.
        subjects: By device id.
        above: Each device and all that it hangs from, by device id.
        nodes: Every node, by group and node.
        member: The nodes a rule's alarms on a device may belong to, by rule and device.
        support: The nodes they only count for.
        cause: The nodes they explain.
        joiner: The nodes they join if those stand, and do not open.
        windows: Maintenance windows.
        shadow: Code and version of rules on trial.
        splits: Alarms that stand for no group any more: a dispatcher said so.
    """

    settings: Settings = field(default_factory=Settings)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    subjects: Mapping[int, Subject] = field(default_factory=dict)
    above: Mapping[int, frozenset[int]] = field(default_factory=dict)
    nodes: Mapping[BundleKey, Node] = field(default_factory=dict)
    member: Mapping[tuple[str, int], tuple[Node, ...]] = field(default_factory=dict)
    support: Mapping[tuple[str, int], tuple[Node, ...]] = field(default_factory=dict)
    cause: Mapping[tuple[str, int], tuple[Node, ...]] = field(default_factory=dict)
    joiner: Mapping[tuple[str, int], tuple[Node, ...]] = field(default_factory=dict)
    windows: tuple[Maintenance, ...] = ()
    shadow: frozenset[tuple[str, int]] = frozenset()
    splits: frozenset[AlarmKey] = frozenset()

    def window_over(
        self, rule: Rule, device_id: int, times_us: Iterable[int], *, is_safety: bool
    ) -> Maintenance | None:
        """Return the window that keeps an alarm back; of several the last to end."""
        subject = self.subjects[device_id]
        times = tuple(times_us)
        found = [
            window
            for window in self.windows
            if any(map(window.lasts_at, times))
            and (window.safety or not is_safety)
            and window.covers(rule.code, subject, self.above[device_id])
        ]
        return max(found, key=lambda window: (window.until_us, window.id), default=None)

    def area_of(self, device_id: int) -> str:
        """Return the area whose budget a device's alarms are of."""
        subdistrict = self.subjects[device_id].subdistrict_id
        return ANYWHERE if subdistrict is None else f"area:{subdistrict}"


def layout_from(source: PlanSource, rules: Sequence[Rule]) -> Layout:
    """Return the layout of a plan's source.

    Args:
        source: The plan's.
        rules: Its rule files, read.

    Raises:
        TriageFileError: If its triage file is wrong.
    """
    text = source.triage
    settings = (
        Settings() if text is None else read_settings(text.source, version=text.version)
    )
    layout = layout_of(
        rules,
        source.subjects,
        settings,
        windows=source.windows,
        shadow=frozenset(
            (t.code, t.version) for t in source.rules if t.stage == SHADOW
        ),
        pipes=source.pipes,
    )
    return replace(layout, splits=frozenset(AlarmKey(*key) for key in source.splits))


def layout_of(
    rules: Sequence[Rule],
    subjects: Sequence[Subject],
    settings: Settings,
    *,
    windows: tuple[Maintenance, ...] = (),
    shadow: frozenset[tuple[str, int]] = frozenset(),
    pipes: Sequence[PipeFacts] = (),
) -> Layout:
    """Return the layout of some rules and devices.

    Args:
        rules: All that judge.
        subjects: The devices, by ascending id.
        settings: The triage file.
        windows: Those that are not over.
        shadow: Code and version of rules on trial.
        pipes: Water mains.
    """
    # Of a rule's versions the live one, if any.
    known = sorted(rules, key=lambda rule: (rule.code, rule.version) not in shadow)
    by_code = {rule.code: rule for rule in known}
    by_id = {subject.device_id: subject for subject in subjects}
    above = {device_id: _above(device_id, by_id) for device_id in by_id}
    mains = _mains(subjects, pipes)
    found = [
        _of_mains(group, mains)
        if group.over is Over.MAINS
        else _nodes(group, by_code, subjects, above)
        for group in settings.groups
    ]
    return Layout(
        settings=settings,
        rules=by_code,
        subjects=by_id,
        above=above,
        nodes={node.key: node for nodes in found for node in _with_pipes(nodes)},
        member=_by_alarm(found, "of"),
        support=_by_alarm(found, "unknown"),
        cause=_causes(found),
        joiner=_by_alarm(found, "joins"),
        windows=windows,
        shadow=shadow,
    )


def is_silence(rule: Rule) -> bool:
    """Tell whether a rule's alarms mean that nothing is known of the device."""
    return isinstance(rule.condition, Silence)


def _above(device_id: int, by_id: Mapping[int, Subject]) -> frozenset[int]:
    found: set[int] = set()
    at: int | None = device_id
    while at is not None and at in by_id and at not in found:
        found.add(at)
        at = by_id[at].upstream_id
    return frozenset(found)


def _nodes(
    group: Group,
    rules: Mapping[str, Rule],
    subjects: Sequence[Subject],
    above: Mapping[int, frozenset[int]],
) -> list[Node]:
    named = (*group.of, *group.unknown)
    kinds = {rules[code].kind for code in named if code in rules}
    by_id = {subject.device_id: subject for subject in subjects}
    if group.over is Over.UPSTREAM:
        return _of_upstreams(group, kinds, subjects, by_id)
    return _of_gateways(group, kinds, subjects, above)


def _of_upstreams(
    group: Group,
    kinds: set[DeviceKind],
    subjects: Sequence[Subject],
    by_id: Mapping[int, Subject],
) -> list[Node]:
    children: dict[int, list[int]] = {}
    for subject in subjects:
        upstream_id = subject.upstream_id
        if subject.kind in kinds and upstream_id is not None and upstream_id in by_id:
            children.setdefault(upstream_id, []).append(subject.device_id)
    return [
        _of_device(group, by_id[device_id], of) for device_id, of in children.items()
    ]


def _of_gateways(
    group: Group,
    kinds: set[DeviceKind],
    subjects: Sequence[Subject],
    above: Mapping[int, frozenset[int]],
) -> list[Node]:
    behind: dict[str, list[Subject]] = {}
    for subject in subjects:
        behind.setdefault(subject.gateway, []).append(subject)
    return [
        node
        for of_gateway in behind.values()
        if (node := _of_gateway(group, kinds, of_gateway, above)) is not None
    ]


def _of_gateway(
    group: Group,
    kinds: set[DeviceKind],
    subjects: Sequence[Subject],
    above: Mapping[int, frozenset[int]],
) -> Node | None:
    """Return the node of one gateway: the device that all others hang from, if any."""
    common = frozenset.intersection(*(above[s.device_id] for s in subjects))
    root = next((s for s in subjects if s.device_id in common), None)
    children = [s.device_id for s in subjects if s.kind in kinds and s is not root]
    if not children:
        return None
    if root is not None:
        return _of_device(group, root, children)
    first = subjects[0]
    return Node(
        key=BundleKey(f"group:{group.code}", f"gateway:{first.gateway}"),
        group=group,
        device_id=children[0],
        gateway_id=first.gateway_id,
        name=first.gateway,
        children=tuple(children),
    )


def _of_device(group: Group, subject: Subject, children: Sequence[int]) -> Node:
    return Node(
        key=BundleKey(f"group:{group.code}", f"device:{subject.device_id}"),
        group=group,
        device_id=subject.device_id,
        gateway_id=None,
        name=subject.code,
        children=tuple(children),
    )


def _by_alarm(
    nodes_of_groups: Iterable[Sequence[Node]], part: str
) -> dict[tuple[str, int], tuple[Node, ...]]:
    found: dict[tuple[str, int], list[Node]] = {}
    for nodes in nodes_of_groups:
        for node in nodes:
            codes = _codes(node.group, part)
            for code in codes:
                for child in node.children:
                    found.setdefault((code, child), []).append(node)
    return {key: tuple(nodes) for key, nodes in found.items()}


def _codes(group: Group, part: str) -> tuple[str, ...]:
    return {"of": group.of, "unknown": group.unknown, "joins": group.joins}[part]


def _mains(subjects: Sequence[Subject], pipes: Sequence[PipeFacts]) -> list[Mains]:
    points = {s.code: s.device_id for s in subjects if s.kind is DeviceKind.PRESSURE}
    return mains_of(pipes, points)


def _of_mains(group: Group, mains: Iterable[Mains]) -> list[Node]:
    return [
        Node(
            key=BundleKey(f"group:{group.code}", f"mains:{one.code}"),
            group=group,
            device_id=next(iter(one.points)),
            gateway_id=None,
            name=one.code,
            children=tuple(one.points),
            mains=one,
        )
        for one in mains
        if one.points
    ]


def _with_pipes(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes, and those of the single pipes that bursts stand on."""
    for node in nodes:
        yield node
        for code in () if node.mains is None else node.mains.pipes:
            key = BundleKey(node.key.code, f"pipe:{code}")
            yield replace(node, key=key, name=code)


def _causes(
    nodes_of_groups: Iterable[Sequence[Node]],
) -> dict[tuple[str, int], tuple[Node, ...]]:
    found: dict[tuple[str, int], list[Node]] = {}
    for nodes in nodes_of_groups:
        for node in nodes:
            if node.gateway_id is None and node.mains is None:
                for code in node.group.cause:
                    found.setdefault((code, node.device_id), []).append(node)
    return {key: tuple(nodes) for key, nodes in found.items()}
