"""Play a timeline on the real engine and triage, with a restart after each column."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np

from cases.request import Hit
from rules.engine.carry import slot_keys
from rules.engine.fold import fold
from rules.engine.grades import level
from rules.engine.hold import State as Alarm
from rules.engine.learned import Learned
from rules.engine.state import State, read_back, written
from rules.files.rule_file import parse_rule
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.plan.subject import Subject
from rules.triage.decision import Decision, File, Open
from rules.triage.desk import Desk, desk_from, desk_written
from rules.triage.triage import triage_all
from rules.trial.orders import ROW, OrderWord, said, words_at
from rules.trial.scene import (
    PROGRAMMES,
    device,
    edge,
    geofences_named,
    positions,
    readings,
    tick,
)
from rules.trial.timeline import (
    ALARM,
    IT,
    ITSELF,
    OF_ALL,
    OF_DEVICE,
    UPSTREAM,
    Case,
    Other,
    Row,
)
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

QUALITY = {"?": Quality.SENSOR_FAULT, ">": Quality.FUTURE, "=": Quality.STUCK}
"""Marks behind a value."""

LETTER = {Alarm.PENDING: "p", Alarm.CLEARING: "c"}
"""How a state is shown whose grade does not matter."""

AFTER_S = 60
"""How long after the last column it is seen what is filed."""

LONG_S = 600
"""Columns further apart than that have an entry every `LARGEST_STEP_S` between them."""

LARGEST_STEP_S = 5
"""The largest step between two entries that counts as time in which we heard."""

SOMETHING = "battery_v"
"""What a device tells of which a timeline only says that it is heard."""


class UnplayableError(ValueError):
    """A timeline does not fit its rules."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a timeline.

    Attributes:
        case: The timeline.
        marks: Of each of its rows of alarms, as the engine gives them.
        filed: What was filed, in order, as `Case.cases` says it.
    """

    case: Case
    marks: tuple[tuple[str, ...], ...]
    filed: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether all is as its author says."""
        wanted = tuple(row.marks for row in self.case.alarms)
        return self.marks == wanted and self.case.cases in (None, self.filed)


def play(case: Case, texts: Iterable[str]) -> Played:
    """Play a timeline.

    Args:
        case: The timeline.
        texts: Its rule files, the one first that an `alarm` alone is about.

    Raises:
        RuleFileError: If a rule file is wrong.
        UnplayableError: If the timeline has not all that a rule speaks of.
    """
    scene = _Scene.of(case, list(texts))
    slots = [scene.slot(row) for row in case.alarms]
    state, desk = scene.plan.fresh_state(), Desk()
    marks, filed = [], []
    for column in range(case.columns):
        entries = list(scene.entries(state.seq, column))
        state, desk, decisions = _learn(scene.plan, state, desk, entries)
        filed += decisions
        marks.append([_mark(state, slot) for slot in slots])
    entries = scene.seconds_after(state.seq)
    filed += _learn(scene.plan, state, desk, entries)[2]
    rows = tuple(zip(*marks, strict=True))
    return Played(case, rows, tuple(dict.fromkeys(scene.filed(filed))))


def journal_of(case: Case, texts: Iterable[str]) -> tuple[PlanSource, list[Learned]]:
    """Return what a timeline is judged by and on, for whoever folds it himself."""
    scene, entries = _Scene.of(case, list(texts)), list[Learned]()
    for column in range(case.columns):
        entries += scene.entries(entries[-1].seq if entries else 0, column)
    last = entries[-1].seq
    return scene.plan.source, [*entries, *scene.seconds_after(last)]


def _learn(
    plan: Plan, state: State, desk: Desk, entries: list[Learned]
) -> tuple[State, Desk, list[Decision]]:
    """Return what comes of some entries, after a restart."""
    folded = fold(plan, state, entries)
    times = [(entry.seq, entry.at_us) for entry in entries]
    desk, decisions = triage_all(plan, desk, times, folded.transitions)
    return read_back(written(folded.state)), desk_from(desk_written(desk)), decisions


@dataclass(frozen=True, slots=True)
class _Scene:
    """A case with the devices it speaks of.

    Attributes:
        case: The case.
        plan: Its rules on its devices.
        codes: Of its rules, in the case's order.
        ids: Device ids by name.
    """

    case: Case
    plan: Plan
    codes: tuple[str, ...]
    ids: Mapping[str, int]

    @classmethod
    def of(cls, case: Case, texts: list[str]) -> "_Scene":
        rules = [parse_rule(text, version=1) for text in texts]
        names = (ITSELF, UPSTREAM, *(n for n in case.others if n != UPSTREAM))
        ids = {name: number for number, name in enumerate(names, 1)}
        subjects = [_subject(case, name, ids, rules[0].kind) for name in names]
        by_code = sorted(zip([r.code for r in rules], texts, strict=True))
        source = PlanSource(
            rules=tuple(RuleText(code, 1, text) for code, text in by_code),
            subjects=tuple(subjects),
            registry_version=1,
            triage=RuleText("triage", 1, _shipped_triage()),
            geofences=geofences_named(texts),
            programmes=PROGRAMMES,
        )
        return cls(case, compile_plan(source), tuple(r.code for r in rules), ids)

    def slot(self, row: Row) -> int:
        """Return the slot that a row of alarms is about."""
        code = row.rule or self.codes[0]
        key = (code, 1, self.ids[row.device])
        keys = slot_keys(self.plan)
        if key not in keys:
            whose = row.device or "the judged device"
            raise UnplayableError(
                f"{self.case.name}: {code} judges nothing on {whose}: the case has not"
                " all that the rule speaks of"
            )
        return keys.index(key)

    def entries(self, seq: int, column: int) -> Iterator[Learned]:
        """Yield what is learned in the seconds up to a column, and at it."""
        case, at_s = self.case, self.case.starts_s + column * self.case.every_s
        if case.mark("platform", column) == "-":
            return
        if column and case.mark("platform", column - 1) != "-":
            step = 1 if case.every_s <= LONG_S else LARGEST_STEP_S
            start, stop = int(at_s - case.every_s) + 1, int(np.ceil(at_s))
            for second in range(start, stop, step):
                yield tick(seq := seq + 1, second)
        elif column:
            yield edge(seq := seq + 1, at_s, "ingest", up=True)
        link, before = (case.mark("link", c) for c in (column, max(column - 1, 0)))
        if link != before or (column == 0 and link == "-"):
            yield edge(seq := seq + 1, at_s, "mqtt", up=link == "+")
        for subject, word in self._orders(column):
            yield said(seq := seq + 1, at_s, subject, word)
        yield readings(seq := seq + 1, at_s, self._samples(at_s, column))
        for name in self.ids:
            fix = self._fix(name, at_s, column)
            if fix is not None:
                inputs = case.mark("inputs", column, device=name)
                set_bits = int(inputs) if inputs.isdigit() else 0
                yield positions(seq := seq + 1, at_s, [fix], inputs=set_bits)

    def seconds_after(self, seq: int) -> list[Learned]:
        """Return the seconds after the last column, where somebody asks for them."""
        if self.case.cases is None:
            return []
        last_s = int(self.case.starts_s + (self.case.columns - 1) * self.case.every_s)
        return [tick(seq + s, last_s + s) for s in range(1, AFTER_S + 1)]

    def filed(self, decisions: Iterable[Decision]) -> Iterator[str]:
        """Yield what is filed, as the case says it."""
        names = {number: name for name, number in self.ids.items()}
        for decision in decisions:
            if isinstance(decision, Open):
                yield decision.bundle.key.code
            if isinstance(decision, File) and decision.transition.kind is Hit.RAISED:
                transition = decision.transition
                files, name = transition.rule.files, names[transition.device_id]
                if files is not None:
                    yield f"{files.condition} {name}".rstrip()

    def _samples(
        self, at_s: float, column: int
    ) -> Iterator[tuple[int, float, float, int]]:
        subjects = {s.device_id: s for s in self.plan.subjects}
        for row in self.case.rows:
            series, mark = subjects[self.ids[row.device]].series, row.marks[column]
            if row.what in series and mark != "-":
                yield (series[row.what], at_s, *_value(mark))
            elif row.what == "heard" and mark == "x":
                yield series[SOMETHING], at_s, 0.0, 0

    def _orders(self, column: int) -> Iterator[tuple[Subject, OrderWord]]:
        subjects = {s.device_id: s for s in self.plan.subjects}
        for row in self.case.rows:
            if row.what == ROW:
                for word in words_at(row.marks, column):
                    yield subjects[self.ids[row.device]], word

    def _fix(
        self, name: str, at_s: float, column: int
    ) -> tuple[int, float, float, float, int] | None:
        speed, outside = (
            self.case.mark(what, column, device=name)
            for what in ("speed_kmh", "outside_m")
        )
        if not {speed, outside} - {"+", "-"}:
            return None
        (speed_kmh, quality), (outside_m, also) = (
            _value(mark) if mark not in "+-" else (0.0, 0) for mark in (speed, outside)
        )
        return self.ids[name], at_s, outside_m, speed_kmh, quality | also


def _subject(
    case: Case, name: str, ids: Mapping[str, int], kind: DeviceKind
) -> Subject:
    other = case.others.get(name, Other())
    beside = (ALARM, *OF_ALL, *OF_DEVICE)
    told = [r.what for r in case.rows if r.device == name and r.what not in beside]
    if name == UPSTREAM and other.kind is None:
        is_cabinet = kind is DeviceKind.CABINET
        kind = DeviceKind.LAMP if is_cabinet else DeviceKind.CABINET
    hangs_from = UPSTREAM if name == ITSELF else other.upstream
    above = ids[ITSELF] if hangs_from == IT else ids.get(hangs_from)
    found = device(
        ids[name],
        other.kind or kind,
        *dict.fromkeys([*told, SOMETHING]),
        gateway=other.gateway,
        interval_s=other.interval_s or case.interval_s,
        upstream_id=above if hangs_from else None,
        speed_limit_kmh=case.limit_kmh,
        programme=case.programme,
    )
    return replace(found, code=name) if name not in (ITSELF, UPSTREAM) else found


def _shipped_triage() -> str:
    return (resources.files("rules.triage") / "shipped.yaml").read_text("utf-8")


def _value(mark: str) -> tuple[float, int]:
    quality = QUALITY.get(mark[-1], Quality.GOOD)
    return float(mark.rstrip("?>=")), int(quality)


def _mark(state: State, slot: int) -> str:
    standing = int(level(state.state)[slot])
    lowest = Alarm(int(state.state[slot, 0]))
    return LETTER.get(lowest, str(standing) if standing else ".")
