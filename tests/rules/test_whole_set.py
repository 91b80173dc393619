"""Every condition at once, on what a whole town says: as plain loops say."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.engine.fold import fold, step
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSource, RuleText
from tests.fences.yard import box
from tests.rules.oracle import Oracle, Said, said, same
from tests.rules.town import code_of, device, edge, positions, readings, tick
from vocabulary.device import DeviceKind

LATE_S = 25

WHENS = [
    "",
    "",
    'when: {local: "16:01-16:03"}',
    'when: {local: ["16:00-16:02", "16:04-16:30"], on_close: clear}',
]

TEXTS = """
gauge depth_mm type: threshold, deadband: 4, grades: [{at: 10, severity: minor}, {at:
20, severity: major}]

gauge depth_mm type: rate, window_s: 20, above: 30, severity: minor

gauge depth_mm type: spread, window_s: 20, above: 12, severity: minor

gauge depth_mm type: spread, window_s: 20, below: 3, severity: minor

gauge depth_mm type: count, each: {above: 10, deadband: 4}, window_s: 60, above: 2,
severity: minor

gauge depth_mm type: ponding, floor: 5, rough: 15, rain: {quantity: rain_mm, at_least:
1, within_km: 1}, above: 15, severity: minor

gauge depth_mm type: quality, bits: [jump, stuck], window_s: 30, least: 3, above: 0.3,
severity: minor

cover tilt_deg type: from_rest, learn: 4, steady: 6, assumed: 5, above: 12, deadband:
3, severity: minor, only: {quantity: cover_open, above: 0.5}

cover tilt_deg type: stuck, above: 15, tolerance: 1, severity: minor

cover - type: expression, expression: tilt_deg > 10 and not cover_open > 0.5,
severity: minor

lamp - type: dimming, above: 150, severity: minor

lamp power_w type: threshold, below: 15, severity: minor, deadband: 4, while: [{of:
upstream, quantity: contactor_on, above: 0.5}]

lamp - type: expression, severity: major, any: [power_w < 5, upstream.contactor_on >
0.5 and power_w > 25]

cabinet voltage_v type: rate, window_s: 15, below: -20, severity: minor, while: {of:
self, quantity: contactor_on, above: 0.5}

cabinet - type: silence, silence_s: 9, severity: minor

vehicle - type: overspeed, above: 20, margin_kmh: 5, severity: minor

vehicle - type: geofence, fences: kind a, band_m: 20, severity: minor

vehicle - type: geofence, is: inside, fences: all, band_m: 5, dwell_s: 10, severity:
minor

vehicle - type: crossing, fences: kind b, band_m: 15, severity: minor

vehicle - type: stop, near_m: 26, stop_s: 5, severity: minor

vehicle - type: speed_inside, fences: kind a, above: 15, deadband: 3, severity: minor

vehicle - type: late, fences: kind b, since: '16:01', by: '16:02', severity: minor
"""

CONDITIONS = [" ".join(text.split()).split(" ", 2) for text in TEXTS.split("\n\n")]
"""Kind, quantity (`-` for none) and condition of each rule."""

FENCES = [
    box(-300, -200, south=-1200, north=-800, fence_id=2, kind="a"),
    box(-220, -60, south=-1200, north=-800, fence_id=3, kind="a"),
    box(40, 60, south=-1200, north=-800, fence_id=4, kind="b"),
]

SAID: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.CABINET: ("contactor_on", "voltage_v"),
    DeviceKind.GAUGE: ("depth_mm", "rain_mm"),
    DeviceKind.COVER: ("tilt_deg", "cover_open"),
    DeviceKind.LAMP: ("power_w", "dimming_pct"),
    DeviceKind.VEHICLE: (),
}
LEVELS: dict[str, tuple[float, ...]] = {
    "contactor_on": (0, 1, 1),
    "voltage_v": (0, 10, 20, 30),
    "depth_mm": (0, 0, 7, 10, 12, 18, 25, 40),
    "rain_mm": (0, 0.5, 2),
    "tilt_deg": (4, 5, 6, 14, 20, 40),
    "cover_open": (0, 1),
    "power_w": (0, 4, 12, 18, 30, 60),
    "dimming_pct": (0, 10, 40, 100),
}
SIZE = 2
"""Devices of each kind."""

PLACES_M = (-600.0, -250, -210, -120, 20, 50, 150)
"""None so near a border that a map might tell it otherwise than a yard."""


def text_of(number: int, rng: random.Random) -> str:
    kind, quantity, condition = CONDITIONS[number]
    own = [rng.choice(WHENS)]
    if quantity != "-":
        own.append(f"quantity: {quantity}")
    if "silence" not in condition:
        own.append(f"on_delay_s: {rng.choice([0, 0, 4, 9])}")
        own.append(f"off_delay_s: {rng.choice([0, 6])}")
        own.append(f"largest_gap_s: {rng.choice([7, 15])}")
    if "quality" in condition:
        own.append("quality: {refuse: [sensor_fault]}")
    lines = [
        f"code: r{number:02}",
        "name: {zh: 规则, en: rule}",
        f"kind: {kind}",
        f"condition: {{{condition}}}",
        *own,
        'reason: {zh: "{value}", en: "{value}"}',
        "source: test",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def town(rng: random.Random, late_s: float) -> PlanSource:
    """Two devices of each kind, the second of which may be late."""
    subjects = []
    for place, (kind, quantities) in enumerate(SAID.items()):
        for which in range(SIZE):
            number = 1 + SIZE * place + which
            one = device(
                number,
                kind,
                *quantities,
                allowed_lateness_s=late_s * which,
                upstream_id=1 + which if kind is DeviceKind.LAMP else None,
            )
            subjects.append(replace(one, rated_w=40.0))
    texts = [text_of(number, rng) for number in range(len(CONDITIONS))]
    return PlanSource(
        rules=tuple(RuleText(code_of(text), 1, text) for text in texts),
        subjects=tuple(subjects),
        registry_version=1,
        geofences=tuple(FENCES),
    )


Spoken = tuple[int, float, float, float, int]
"""Series or (below 10) nothing, its second, value or metres east, km/h, quality."""


def spoken(rng: random.Random, made: PlanSource, end_s: int) -> list[Spoken]:
    """Draw what all devices say, in spells, with gaps and doubtful samples."""
    found: list[Spoken] = []
    for one in made.subjects:
        names = list(one.series) or ["place"]
        moods = dict.fromkeys(names, 20.0)
        at_s, speed_kmh = round(rng.random() * 3, 3) + 0.0005, 0.0
        while at_s < end_s:
            for name in names:
                if rng.random() < 0.3:
                    moods[name] = rng.choice(LEVELS.get(name, PLACES_M))
                    speed_kmh = rng.choice([0.0, 5, 12, 18, 25, 40])
                value = moods[name] + (rng.choice([0, 2, -3]) if name == "place" else 0)
                quality = rng.choice([0] * 12 + [1 << n for n in range(10)])
                if rng.random() < 0.8:
                    series = one.series.get(name, -one.device_id)
                    found.append((series, at_s, value, speed_kmh, quality))
            at_s = round(at_s + rng.choice([1, 2, 2, 3, 3, 5, 8, 20]), 4)
    return found


def journal(
    arrived: list[tuple[float, Spoken]], rng: random.Random, end_s: float
) -> list[Learned]:
    """Cut what arrives into mixed entries anywhere; edges go up and down between."""
    entries: list[Learned] = []
    left, at_s = sorted(arrived, key=lambda one: one[0]), 0.0
    while left or at_s < end_s:
        at_s += rng.choice([0.5, 1, 1, 2, 4, 9])
        size = sum(arrived_s <= at_s for arrived_s, _ in left)
        part, left = [one for _, one in left[:size]], left[size:]
        rng.shuffle(part)
        rows = [(s, at, value, q) for s, at, value, _, q in part if s > 0]
        fixes = [(-s, at, value, v, q) for s, at, value, v, q in part if s < 0]
        entries.append(readings(0, at_s, rows) if rows else tick(0, at_s))
        if fixes:
            entries.append(positions(0, at_s, fixes))
        if rng.random() < 0.05:
            name = rng.choice(["ingest", "mqtt"])
            entries.append(edge(0, at_s, name, up=rng.random() < 0.7))
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]


def engine(made: PlanSource, entries: list[Learned], rng: random.Random) -> list[Said]:
    """Fold entries; then again from any of the states that were written on the way."""
    plan = compile_plan(made)
    state = plan.fresh_state()
    found: list[list[Said]] = []
    kept = [written(state)]
    for one in entries:
        folded = step(plan, state, one)
        state = folded.state
        found.append([said(turn) for turn in folded.transitions])
        kept.append(written(state))
    for begin in rng.sample(range(len(kept)), 4):
        again = fold(plan, read_back(kept[begin]), entries[begin:])
        assert [said(turn) for turn in again.transitions] == all_of(found[begin:])
        assert written(again.state) == kept[-1]
    return all_of(found)


def all_of(found: list[list[Said]]) -> list[Said]:
    return [one for of_entry in found for one in of_entry]


def loop(made: PlanSource, entries: list[Learned]) -> list[Said]:
    oracle = Oracle.of(made)
    return [one for entry in entries for one in oracle.step(entry)]


many = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
seeds = st.integers(0, 2**32).map(random.Random)
END_S = 260


@many
@given(seeds)
def test_every_condition_agrees_with_plain_loops_however_it_is_told(
    rng: random.Random,
) -> None:
    made = town(rng, LATE_S)
    arrived = []
    for one in spoken(rng, made, END_S):
        number = -one[0] if one[0] < 0 else one[0] // 10
        is_late = (number - 1) % SIZE == 1
        times = rng.choice([1, 1, 1, 2]) if is_late else 1
        arrived += [
            (one[1] + (rng.uniform(0, LATE_S + 3) if is_late else 0), one)
            for _ in range(times)
        ]
        if not is_late and rng.random() < 0.05:
            arrived[-1] = (one[1] + rng.uniform(0, 20), one)  # too late, or the newest
    entries = journal(arrived, rng, END_S + 2 * LATE_S)
    assert same(engine(made, entries, rng), loop(made, entries))


def test_what_a_town_says_raises_alarms_of_every_rule() -> None:
    """Else the property above would say little."""
    raised: set[str] = set()
    for seed in range(9):
        rng = random.Random(seed)  # noqa: S311 not a secret
        made = town(rng, 0)
        entries = journal(
            [(one[1], one) for one in spoken(rng, made, END_S)], rng, END_S
        )
        raised |= {one.rule for one in loop(made, entries)}
    assert raised == {f"r{number:02}" for number in range(len(CONDITIONS))}
