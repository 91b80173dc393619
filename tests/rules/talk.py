"""A town that talks once a second, neatly or not, and every kind of rule over it.

Devices report every few seconds. A neat town says all in time and in order, so that
many entries can be judged together; a rough one is late, says things twice and mixes
them up, and its edges go down.
"""

import random
from dataclasses import dataclass, field, replace

from rules.engine.learned import EdgeWord, Learned
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.trial.orders import OrderWord
from rules.trial.orders import said as ordered
from rules.trial.scene import PROGRAMMES
from tests.rules.test_engine import RULES
from tests.rules.town import SHIPPED, device, positions, readings, source, tick, us
from vocabulary.command import AnyOrder, Dim, State, Switch
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

LATE_S = 8
"""How late every other device may be."""

SAID: dict[DeviceKind, dict[str, tuple[float, ...]]] = {
    DeviceKind.CABINET: {
        "contactor_on": (0, 1, 1, 25),
        "voltage_v": (0, 15, 160, 225, 225, 270),
        "cabinet_door_open": (0, 0, 1),
        "leakage_ma": (3, 3, 120, 400),
    },
    DeviceKind.LAMP: {
        "power_w": (0, 9, 20, 100, 100, 180),
        "dimming_pct": (0, 40, 100, 100),
    },
    DeviceKind.COVER: {
        "tilt_deg": (1, 2, 2, 2, 14, 40, 85),
        "cover_open": (0, 1),
        "sensor_tilted": (0, 0, 0, 1),
        "water_under_cover": (0, 0, 1),
    },
    DeviceKind.PRESSURE: {"pressure_kpa": (100, 180, 320, 320, 321, 900)},
    DeviceKind.GAUGE: {"depth_mm": (0, 12, 25, 160, 300, 500), "rain_mm": (0, 0.4)},
    DeviceKind.VEHICLE: {"battery_v": (8, 12, 14)},
}
"""What devices may say, by kind and quantity."""

ORDERS: tuple[AnyOrder, ...] = (Switch(on=True), Switch(on=False), Dim(pct=40))
"""What lamps are told."""

TAIL = 'reason: {zh: "{value}", en: "{value}"}\nsource: test\n'
MORE = [
    f"code: {code}\nname: {{zh: 某, en: {code}}}\n{body}\n{TAIL}"
    for code, body in {
        "rising": "kind: gauge\nquantity: depth_mm\ncondition:"
        " {type: rate, window_s: 8, above: 60, severity: minor}",
        "restless": "kind: pressure\nquantity: pressure_kpa\ncondition:"
        " {type: spread, window_s: 20, above: 100, severity: minor}",
        "frozen": "kind: pressure\nquantity: pressure_kpa\ncondition:"
        " {type: stuck, above: 6, severity: minor}",
        "unlike": "kind: pressure\nquantity: pressure_kpa\ncondition: {type: deviation,"
        " days: 7, least_days: 1, least_scatter: 5, below: -4, severity: minor}",
        "through": "kind: vehicle\ncondition: {type: crossing, fences: own, band_m: 15,"
        " severity: minor}",
        "racing": "kind: vehicle\ncondition: {type: speed_inside, fences: own, band_m:"
        " 15, above: 20, severity: minor}",
        "doubtful": "kind: vehicle\ncondition: {type: quality, bits: [jump], window_s:"
        " 30, least: 2, above: 0.01, severity: minor, while: {of: self, quantity:"
        " battery_v, above: 10}}",
        "dead": "kind: lamp\ncondition: {type: expression, expression: power_w < 5 and"
        " upstream.contactor_on > 0.5, severity: minor, while: {of: upstream, quantity:"
        " voltage_v, above: 150}}",
        "disobedient": "kind: lamp\ncondition: {type: command, orders: [switch_on,"
        " switch_off, dim],"
        " no_effect_after_s: 3, severity: minor}",
        "cold": "kind: cover\ncondition: {type: expression, expression: tilt_deg > 30"
        " and water_under_cover > 0.5, severity: minor}\nwhen: {local:"
        ' ["16:00-16:01", "16:02-16:03"]}',
    }.items()
]
TIMES = (
    'when: {local: ["16:00-16:01", "16:02-16:03"], on_close: clear}\n',
    'when: {local: ["16:01-16:02", "16:03-16:30"]}\n',
)
"""They turn once a minute at first; second 0 is 16:00."""


def timed(text: str, when: str) -> str:
    return text.replace("\nname:", "-timed\nname:", 1) + when


def town(*, has_timed_silence: bool) -> PlanSource:
    """Return some devices of each kind and rules of every type."""
    shipped = [path.stem for path in SHIPPED.glob("*.yaml")]
    codes = [
        timed(text, TIMES[n % 2])
        for n, text in enumerate(RULES)
        if has_timed_silence or "silence" not in text
    ]
    found = source(devices(), *shipped, *RULES, *MORE, *codes)
    return PlanSource(
        rules=tuple(sorted(found.rules, key=lambda text: text.code)),
        subjects=found.subjects,
        registry_version=1,
        geofences=found.geofences,
        programmes=PROGRAMMES,
    )


def devices() -> list[Subject]:
    """Return some of each kind, every other of which may be late."""
    found: list[Subject] = []
    for kind, said in SAID.items():
        for which in range(4 if kind is DeviceKind.LAMP else 2):
            is_dry = kind is DeviceKind.GAUGE and not which
            one = device(
                len(found) + 1,
                kind,
                *(["depth_mm"] if is_dry else said),
                edge="jt808" if kind is DeviceKind.VEHICLE else "mqtt",
                gateway=f"GW-{which % 2}",
                interval_s=4,
                allowed_lateness_s=LATE_S * (which % 2),
                upstream_id=1 + which % 2 if kind is DeviceKind.LAMP else None,
            )
            if kind in (DeviceKind.LAMP, DeviceKind.CABINET):
                programme = ("sun", "always")[which % 2]
                one = replace(one, programme=programme, rated_w=100.0)
            found.append(one)
    return found


@dataclass
class Talk:
    """What the town says from second to second.

    Attributes:
        rng: Draws all of it.
        of: The town.
        rough: How likely each row is not as it should be, from 0 to 1.
    """

    rng: random.Random
    of: PlanSource
    rough: float
    mood: dict[int, float] = field(default_factory=dict)
    mute: set[int] = field(default_factory=set)
    number: int = 1
    arriving: dict[int, list[tuple[int, float, float, int]]] = field(
        default_factory=dict
    )

    def journal(self, seconds: int) -> list[Learned]:
        """Return the entries of some seconds, with now and then a longer pause."""
        rng, second = self.rng, rng_start(self.rng)
        entries: list[Learned] = []
        for _ in range(seconds):
            second += rng.choices([1, 0, 9, 70, 86_400], [60, 2, 1, 0.5, 0.5])[0]
            self._speak(second)
            entries += self._arrived(second)
        return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]

    def _speak(self, second: int) -> None:
        rng = self.rng
        if rng.random() < 0.1:
            self.mute ^= {rng.choice(self.of.subjects).device_id}
        for one in self.of.subjects:
            if (second + one.device_id) % 4 or one.device_id in self.mute:
                continue
            at_s = second - rng.randint(0, 900) / 1000
            ids = list(one.series.values())
            ids += [-one.device_id] if one.kind is DeviceKind.VEHICLE else []
            late_s = rng.choice([1, 2, 5, 20]) * (rng.random() < self.rough)
            for told in ids:
                self._say(told, at_s, second + late_s)

    def _say(self, told: int, at_s: float, second: int) -> None:
        rng = self.rng
        if told not in self.mood or rng.random() < 0.15:
            self.mood[told] = rng.random()
        is_odd = rng.random() < self.rough
        if is_odd:
            at_s -= rng.choice([0.0, 1, 3, 4, 8, 30, -2])
        quality = rng.choice([Quality.SENSOR_FAULT, Quality.FUTURE, Quality.JUMP])
        row = (told, at_s, self.mood[told], int(quality) * (rng.random() < self.rough))
        wait_s = rng.choice([0, 1, 3, 9]) * is_odd
        self.arriving.setdefault(second + wait_s, []).append(row)
        if rng.random() < self.rough:
            self.arriving.setdefault(second + rng.choice([0, 1, 8]), []).append(row)

    def _arrived(self, second: int) -> list[Learned]:
        rng, arriving = self.rng, self.arriving
        rows = [r for at in [*arriving] if at <= second for r in arriving.pop(at)]
        rng.shuffle(rows)
        entries = []
        fixes = [
            (-told, at_s, (mood - 0.7) * 4000, 100 * mood, quality)
            for told, at_s, mood, quality in rows
            if told < 0
        ]
        values = {
            i: SAID[one.kind][name]
            for one in self.of.subjects
            for name, i in one.series.items()
        }
        told = [
            (i, at_s, values[i][int(mood * len(values[i]))], quality)
            for i, at_s, mood, quality in rows
            if i > 0
        ]
        half = rng.randint(0, len(told)) if rng.random() < self.rough else 0
        if fixes:
            entries.append(positions(0, second, fixes))
        entries += [readings(0, second, p) for p in (told[:half], told[half:]) if p]
        if rng.random() < 0.5:
            worker = rng.choice(["", "one", "two"])
            entries.append(replace(tick(0, second), worker=worker))
        if rng.random() < 0.03:
            name = rng.choice(["ingest", "mqtt", "jt808"])
            word = EdgeWord(name, "", rng.random() < 0.7)
            entries.append(Learned(0, us(second), word, rng.choice(["one", "two"])))
        if rng.random() < 0.15:
            lamp = rng.choice([d for d in self.of.subjects if "power_w" in d.series])
            self.number += rng.random() < 0.5
            state = rng.choice([State.SENT, State.ACKED, State.ACKED, State.REFUSED])
            order = OrderWord(self.number, rng.choice(ORDERS), state)
            entries.append(ordered(0, second, lamp, order))
        rng.shuffle(entries)
        return entries


def rng_start(rng: random.Random) -> int:
    """Return the second at which a journal begins: often just before some turn."""
    return rng.choice([0, 30, 45, 5_000, 43_000])
