"""What hangs from what, the plain way: whose alarms may be one alarm on what."""

from dataclasses import dataclass

from rules.files.rule import Rule
from rules.plan.subject import Subject
from rules.triage.settings import Group, Over
from vocabulary.device import DeviceKind

Key = tuple[str, int, int]
"""Rule, version and device."""
Place = tuple[str, str]
"""What many alarms belong to: group or storm, and where."""


@dataclass(frozen=True)
class Node:
    """What the children of a group hang from."""

    group: Group
    place: Place
    device_id: int | None
    children: frozenset[int]


class Hanging:
    """Every node of every group; asked for the nodes of an alarm."""

    def __init__(
        self,
        rules: dict[str, Rule],
        subjects: dict[int, Subject],
        groups: tuple[Group, ...],
    ) -> None:
        self.rules, self.subjects = rules, subjects
        self.nodes = [node for group in groups for node in self._nodes(group)]

    def _nodes(self, group: Group) -> list[Node]:
        codes = (*group.of, *group.unknown)
        kinds = {self.rules[code].kind for code in codes if code in self.rules}
        all_of: dict[str, list[Subject]] = {}
        for one in self.subjects.values():
            above = f"device:{one.upstream_id}" if one.upstream_id else ""
            by_gateway = group.over is Over.GATEWAY
            name = f"gateway:{one.gateway}" if by_gateway else above
            if name and group.over is not Over.MAINS:
                all_of.setdefault(name, []).append(one)
        found = [self._node(group, name, of, kinds) for name, of in all_of.items()]
        return [node for node in found if node.children]

    def _node(
        self, group: Group, name: str, of: list[Subject], kinds: set[DeviceKind]
    ) -> Node:
        root = int(name.removeprefix("device:")) if name.startswith("device") else None
        if root is None:
            common = set.intersection(*(self.above(one) for one in of))
            root = next((s.device_id for s in of if s.device_id in common), None)
            name = name if root is None else f"device:{root}"
        children = {s.device_id for s in of if s.kind in kinds} - {root}
        return Node(group, (f"group:{group.code}", name), root, frozenset(children))

    def above(self, one: Subject) -> set[int]:
        upstream = self.subjects.get(one.upstream_id or 0)
        return {one.device_id} | (set() if upstream is None else self.above(upstream))

    def member_of(self, key: Key) -> list[Node]:
        return [n for n in self.nodes if key[0] in n.group.of and key[2] in n.children]

    def counts_for(self, key: Key) -> list[Node]:
        support = [
            n for n in self.nodes if key[0] in n.group.unknown and key[2] in n.children
        ]
        return [*self.member_of(key), *support]

    def explains(self, key: Key) -> list[Node]:
        return [
            n for n in self.nodes if key[0] in n.group.cause and key[2] == n.device_id
        ]
