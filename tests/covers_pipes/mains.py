"""A square of mains with a pressure point at every corner, and what bursts do to it."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

import rules.triage
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.pipes.network import Network, Pipe
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.triage.decision import Decision, File, Join, Open
from rules.triage.desk import Desk, desk_from, desk_written
from rules.triage.triage import triage_all
from tests.rules.town import SHIPPED, device, readings
from vocabulary.device import DeviceKind
from vocabulary.registry_facts import PipeFacts

SIDE = 4
STREET_M = 250.0
NODES = range(1, SIDE * SIDE + 1)
RULES = ("pressure-dropped", "pressure-low")
TRIAGE = (Path(rules.triage.__file__).parent / "shipped.yaml").read_text("utf-8")


def pipes() -> list[PipeFacts]:
    """Return the mains; corner k is device k, D-k."""
    found = []
    for place in range(SIDE * SIDE):
        x, y = place % SIDE, place // SIDE
        for dx, dy in ((1, 0), (0, 1)):
            if x + dx < SIDE and y + dy < SIDE:
                other = place + dx + SIDE * dy
                found.append(
                    PipeFacts(
                        code=f"P-{place + 1}-{other + 1}",
                        name_zh="管",
                        name_en="pipe",
                        start=f"D-{place + 1}",
                        end=f"D-{other + 1}",
                        start_lon=111 + 0.01 * x,
                        start_lat=35 + 0.01 * y,
                        end_lon=111 + 0.01 * (x + dx),
                        end_lat=35 + 0.01 * (y + dy),
                        length_m=STREET_M,
                        wave_m_s=1000.0,
                    )
                )
    return found


def network() -> Network:
    return Network.of(
        [
            Pipe(code=p.code, start=p.start, end=p.end, length_m=p.length_m)
            for p in pipes()
        ]
    )


def plan(*, rule_codes: Iterable[str] = RULES) -> Plan:
    texts = {code: (SHIPPED / f"{code}.yaml").read_text("utf-8") for code in rule_codes}
    points = [
        device(k, DeviceKind.PRESSURE, "pressure_kpa", interval_s=5) for k in NODES
    ]
    return compile_plan(
        PlanSource(
            rules=tuple(RuleText(c, 1, t) for c, t in sorted(texts.items())),
            subjects=tuple(points),
            registry_version=1,
            triage=RuleText("triage", 1, TRIAGE),
            pipes=tuple(pipes()),
        )
    )


class Burst:
    """A burst on one pipe of the square.

    Args:
        pipe: Code.
        share: How far along it.
        at_s: When.
    """

    def __init__(
        self, pipe: str, share: float, at_s: float, *, lost_kpa: float = 300
    ) -> None:
        net = network()
        found = next(p for p in net.pipes if p.code == pipe)
        travel_s = net.along(found, np.array([share]))[0]
        self.at_s, self.lost_kpa = at_s, lost_kpa
        self.travel_s = {k: float(travel_s[net.place[f"D-{k}"]]) for k in NODES}

    def loss_kpa(self, point: int, second: float) -> float:
        """Return what it costs a point."""
        since = second - self.at_s - self.travel_s[point]
        depth = self.lost_kpa * math.exp(-((self.travel_s[point] * 1000 / 400) ** 2))
        return 0.0 if since < 0 else depth * (1 - math.exp(-since / 1.5))


def sampled(
    until_s: float,
    kpa: Callable[[int, float], float],
    *,
    every_s: float = 5.0,
    seed: int = 0,
) -> Iterator[Learned]:
    """Yield a second's readings after the other, each point at a phase of its own."""
    rng = np.random.default_rng(seed)
    phase = {k: float(rng.uniform(0, every_s)) for k in NODES}
    due = sorted(
        (round(phase[k] + n * every_s, 3), k)
        for k in NODES
        for n in range(int(until_s / every_s))
    )
    for seq, second in enumerate(range(1, int(until_s) + 1), 1):
        rows = [
            (10 * k, at, kpa(k, at), 0) for at, k in due if second - 1 <= at < second
        ]
        yield readings(seq, float(second), rows)


class Pressure:
    """The pressure of all points: 330 kPa, some flicker, less what bursts cost."""

    def __init__(
        self, *bursts: Burst, falls: Sequence[tuple[float, float, float]] = ()
    ) -> None:
        self.bursts, self.falls = bursts, falls

    def __call__(self, point: int, second: float) -> float:
        flicker = 2 * math.sin(second / 7 + point)
        lost = sum(burst.loss_kpa(point, second) for burst in self.bursts)
        for from_s, to_s, kpa in self.falls:
            lost += kpa * min(1.0, max(0.0, (second - from_s) / (to_s - from_s)))
        return 330 + point + flicker - lost


def decided(plan: Plan, entries: Iterable[Learned]) -> list[Decision]:
    """Fold engine and triage, with a restart of triage after every entry."""
    state, desk, found = plan.fresh_state(), Desk(), []
    for entry in entries:
        folded = fold(plan, state, [entry])
        desk, more = triage_all(
            plan, desk, [(entry.seq, entry.at_us)], folded.transitions
        )
        state, desk = folded.state, desk_from(desk_written(desk))
        found += more
    return found


def opened(decisions: Iterable[Decision]) -> list[Open]:
    return [d for d in decisions if isinstance(d, Open)]


def members(decisions: Iterable[Decision]) -> list[tuple[str, int]]:
    return [
        (d.alarm.key.rule, d.alarm.key.device_id)
        for d in decisions
        if isinstance(d, Join)
    ]


def filed(decisions: Iterable[Decision]) -> list[tuple[str, int]]:
    return [
        (d.alarm.key.rule, d.alarm.key.device_id)
        for d in decisions
        if isinstance(d, File)
    ]
