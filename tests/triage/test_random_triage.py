"""What becomes of the alarms of random nights is what a plain loop makes of them."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from cases.request import Hit, Severity
from rules.engine.transition import Transition
from rules.plan.subject import Subject
from rules.triage.decision import (
    Close,
    Decision,
    File,
    Join,
    Leave,
    Note,
    Open,
    Unheard,
)
from rules.triage.desk import desk_from, desk_written
from rules.triage.maintenance import Maintenance
from tests.rules.town import us
from tests.triage.alarms import COVERS, GAUGES, LAMPS, TRIAGE, Night, plan_of, town
from tests.triage.oracle import Plain, Word

SECONDS = 700
CITY = TRIAGE.replace("budget: 10", "budget: 4").replace("quiet_s: 300", "quiet_s: 60")
HURRIED = (
    CITY.replace("settled_s: 900", "settled_s: 200")
    .replace("within_s: 600", "within_s: 120")
    .replace("within_s: 20", "within_s: 10")
    .replace("share: 0.5", "share: 0.3")
)
WINDOWS = (
    Maintenance(id=1, from_us=us(60), until_us=us(200), circuit_id=1),
    Maintenance(id=2, from_us=us(150), until_us=us(320), rule="gauge-silent"),
    Maintenance(id=3, from_us=us(250), until_us=us(350), device_id=COVERS[1]),
    Maintenance(id=4, from_us=us(300), until_us=us(330), gateway_id=2),
    Maintenance(id=5, from_us=us(320), until_us=us(420), gateway_id=2, safety=True),
)
GATEWAYS = {"CAB-1": 1, "GW-C": 2, "GW-G": 3}


def word(decision: Decision) -> Word:
    """Say a decision as the loop does."""
    name = type(decision).__name__
    if isinstance(decision, Open | Close | Unheard):
        place = tuple(decision.bundle.key)
        if isinstance(decision, Unheard):
            return name, place, decision.device_ids
        return name, place
    kind, key = decision.transition.kind, tuple(decision.alarm.key)
    match decision:
        case (
            Join(bundle=bundle, keeps_own=has_own)
            | Leave(bundle=bundle, has_own=has_own)
        ):
            return name, tuple(bundle.key), key, has_own
        case Note(handling=handling):
            return name, handling, kind, key
        case _:
            return (name, kind, key) if isinstance(decision, File) else (name, key)


def drawn(
    night: Night, rng: random.Random, at_s: float, standing: dict[tuple[str, int], bool]
) -> list[Transition]:
    """Draw alarms that come, go and grow worse; now and then many at once."""
    places = [("cabinet-unreachable", 1), ("circuit-off", 1)]
    places += [(r, i) for r in ("lamp-dark", "lamp-silent") for i in LAMPS[:8]]
    places += [(r, i) for r in ("cover-opened", "cover-silent") for i in COVERS[:5]]
    places += [(r, i) for r in ("ponding", "gauge-silent") for i in GAUGES[:9]]
    many = rng.choices([0, 1, 3, 20], [70, 22, 6, 2])[0]
    found = []
    for rule, device_id in rng.sample(places, many):
        is_worse = standing.get((rule, device_id))
        late_s = rng.choice([0, 0, 0, 5, 70])
        kind = Hit.RAISED if is_worse is None else Hit.CLEARED
        severity = None
        if rule == "ponding" and is_worse is not None and rng.random() < 0.4:
            kind = Hit.EASED if is_worse else Hit.ESCALATED
            severity = Severity.MINOR if is_worse else Severity.CRITICAL
        if kind is Hit.CLEARED:
            standing.pop((rule, device_id))
        else:
            standing[rule, device_id] = kind is Hit.ESCALATED
        found.append(
            night.turn(
                rule,
                device_id,
                at_s,
                kind,
                measured_s=at_s - late_s,
                severity=severity,
                value=rng.choice([1, 2, 5.0]),
            )
        )
    return found


def agrees(seed: int) -> bool:
    """Tell whether engine and loop decide the same all through a random night."""
    rng = random.Random(seed)  # noqa: S311 not a secret
    plan = plan_of(
        windows=WINDOWS,
        triage_text=rng.choice([CITY, HURRIED]),
        subjects=numbered(),
    )
    night = Night(plan)
    loop = Plain(plan.source, plan.rules, plan.layout.settings)
    standing: dict[tuple[str, int], bool] = {}
    for second in range(SECONDS + 600):
        told = drawn(night, rng, second, standing) if second < SECONDS else []
        found = Counter(map(word, night.entry(second, *told)))
        if rng.random() < 0.02:
            night.desk = desk_from(desk_written(night.desk))
        wanted = Counter(loop.step(us(second), told))
        if found != wanted or handlings(night) != loop_handlings(loop):
            print(second, found - wanted, wanted - found)  # noqa: T201 for a reader
            return False
    return True


def numbered() -> list[Subject]:
    """Return a town so small that its groups are often enough."""
    few = {1, *LAMPS[:8], *COVERS[:5], *GAUGES[:9]}
    return [
        replace(one, gateway_id=GATEWAYS[one.gateway])
        for one in town()
        if one.device_id in few
    ]


def handlings(night: Night) -> dict[object, object]:
    return {
        tuple(key): (held.handling, held.window_id, held.bundle)
        for key, held in night.desk.held.items()
    }


def loop_handlings(loop: Plain) -> dict[object, object]:
    return {a.key: (a.handling, a.window, a.place) for a in loop.alarms.values()}


@pytest.mark.parametrize("seed", range(5))
def test_a_random_night_is_triaged_as_a_plain_loop_does(seed: int) -> None:
    assert agrees(seed)
