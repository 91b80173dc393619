"""A town whose alarms are said by name, and triage folded second by second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rules.triage
from cases.request import Hit, Severity
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.plan.subject import Subject
from rules.triage.decision import (
    Close,
    Decision,
    File,
    Join,
    Note,
    Open,
    Unheard,
)
from rules.triage.desk import Desk, Handling
from rules.triage.maintenance import Maintenance
from rules.triage.triage import triage
from rules.triage.turn import AlarmKey
from tests.rules.town import SHIPPED, code_of, device, us
from vocabulary.device import DeviceKind

TRIAGE = (Path(rules.triage.__file__).parent / "shipped.yaml").read_text("utf-8")

CABINET = 1
LAMPS = tuple(range(10, 74))
COVERS = tuple(range(100, 120))
GAUGES = tuple(range(200, 260))

RULES = (
    "cabinet-unreachable",
    "circuit-off",
    "cover-opened",
    "cover-silent",
    "gauge-silent",
    "lamp-dark",
    "lamp-silent",
    "ponding",
    "pressure-unreachable",
)


def town() -> list[Subject]:
    """Make one cabinet with 64 lamps, 20 covers, 60 gauges behind a gateway each."""
    lamps = {"power_w": 0, "voltage_v": 1}
    found = [
        device(
            CABINET, DeviceKind.CABINET, "voltage_v", "contactor_on", gateway="CAB-1"
        )
    ]
    found += [
        device(i, DeviceKind.LAMP, *lamps, gateway="CAB-1", upstream_id=CABINET)
        for i in LAMPS
    ]
    found += [device(i, DeviceKind.COVER, "tilt_deg", gateway="GW-C") for i in COVERS]
    found += [device(i, DeviceKind.GAUGE, "depth_mm", gateway="GW-G") for i in GAUGES]
    return found


def plan_of(
    *,
    windows: Sequence[Maintenance] = (),
    triage_text: str = TRIAGE,
    texts: Iterable[str] = RULES,
    subjects: Sequence[Subject] | None = None,
) -> Plan:
    """Compile the town's plan; a rule may be given as the code of a shipped one."""
    sources = [
        text if "\n" in text else (SHIPPED / f"{text}.yaml").read_text("utf-8")
        for text in sorted(texts)
    ]
    return compile_plan(
        PlanSource(
            rules=tuple(RuleText(code_of(text), 1, text) for text in sources),
            subjects=tuple(town() if subjects is None else subjects),
            registry_version=1,
            triage=RuleText("triage", 1, triage_text),
            windows=tuple(windows),
        )
    )


@dataclass
class Night:
    """Alarms that come and go, folded as they are told."""

    plan: Plan
    desk: Desk = field(default_factory=Desk)
    seq: int = 0
    decisions: list[Decision] = field(default_factory=list)

    def entry(self, at_s: float, *transitions: Transition) -> list[Decision]:
        """Fold one entry."""
        self.seq += 1
        found = [
            Transition(
                **{
                    name: getattr(each, name)
                    for name in Transition.__dataclass_fields__
                    if name != "seq"
                },
                seq=self.seq,
            )
            for each in transitions
        ]
        self.desk, decided = triage(
            self.plan, self.desk, found, seq=self.seq, at_us=us(at_s)
        )
        self.decisions += decided
        return decided

    def ticks(self, start_s: int, end_s: int, step_s: int = 1) -> list[Decision]:
        """Let time pass."""
        found = []
        for second in range(start_s, end_s, step_s):
            found += self.entry(second)
        return found

    def turn(
        self,
        rule: str,
        device_id: int,
        at_s: float,
        kind: Hit = Hit.RAISED,
        *,
        measured_s: float | None = None,
        value: float = 0.0,
        severity: Severity | None = None,
    ) -> Transition:
        """Make a transition of one of the town's rules."""
        of = self.plan.layout.rules[rule]
        return Transition(
            rule=of,
            device_id=device_id,
            kind=kind,
            seq=0,
            at_us=us(at_s),
            measured_us=us(at_s if measured_s is None else measured_s),
            value=value,
            threshold=1.0,
            severity=severity or of.severities[0],
            lon=None,
            lat=None,
        )

    def handling(self, rule: str, device_id: int) -> Handling | None:
        """Return the handling of an alarm that stands."""
        held = self.desk.held.get(AlarmKey(rule, 1, device_id))
        return None if held is None else held.handling


def filed(decisions: Iterable[Decision]) -> list[tuple[str, int]]:
    """Return rule and device of alarms that were filed on their own."""
    return [
        (d.alarm.key.rule, d.alarm.key.device_id)
        for d in decisions
        if isinstance(d, File) and d.transition.kind is Hit.RAISED
    ]


def opened(decisions: Iterable[Decision]) -> list[str]:
    """Return the groups and storms that were opened, and where."""
    return [
        f"{d.bundle.key.code}@{d.bundle.key.node}"
        for d in decisions
        if isinstance(d, Open)
    ]


def closed(decisions: Iterable[Decision]) -> list[str]:
    """Return the groups and storms that ended."""
    return [d.bundle.key.code for d in decisions if isinstance(d, Close)]


def joined(decisions: Iterable[Decision]) -> list[int]:
    """Return the devices whose alarms became members."""
    return [d.alarm.key.device_id for d in decisions if isinstance(d, Join)]


def unheard(decisions: Iterable[Decision]) -> int:
    """Return how many devices were listed without an alarm."""
    return sum(len(d.device_ids) for d in decisions if isinstance(d, Unheard))


def words(decisions: Iterable[Decision]) -> list[str]:
    """Return what the decisions are, in order."""
    return [d.handling if isinstance(d, Note) else type(d).__name__ for d in decisions]
