"""The same is filed however the journal is cut, told twice, mixed up or gone on with.

Engine, triage and filing together, in memory, over a city that changes meanwhile.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial

import msgspec
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.lines import AlarmLine, CaseLine
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.triage.desk import desk_from, desk_written
from rules.triage.maintenance import Maintenance
from tests.rules.changing_city import (
    GATEWAYS,
    LATE_S,
    Story,
    devices,
    story,
)
from tests.rules.changing_rules import SILENT, TEXTS
from tests.rules.town import us
from vocabulary.device import Device, Gateway, Transport
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.registry_facts import UnitFacts, UnitKind

STEPS = 36

TRIAGE = """
flapping: {more_than: 2, within_s: 200, settled_s: 240}
storm: {budget: 1, worst: 1, worst_after_s: 30, quiet_s: 80}
groups:
  - code: gateway-quiet
    name: {zh: 网关, en: gateway}
    over: gateway
    of: gauge-quiet cover-quiet lamp-quiet
    cause: cabinet-quiet
    share: 0.3
    least: 2
    within_s: 60
    lists_all: true
    severity: major
    files: FILES
    reason: {zh: "{unknown}", en: "{unknown} of {of}"}
  - code: circuit-dark
    name: {zh: 回路, en: circuit}
    over: upstream
    of: dark burning
    unknown: lamp-quiet
    share: 0.5
    least: 2
    within_s: 100
    links_s: 150
    severity: major
    files: FILES
    reason: {zh: "{bad}", en: "{bad} of {of}"}
""".replace(
    "FILES",
    "{type: event, scheme: gbt30428.2-2013, class_code: '0506', condition: many, "
    "title: {zh: 题, en: title}}",
)
WINDOWS = (
    Maintenance(id=1, from_us=us(100), until_us=us(250), gateway_id=GATEWAYS["GW-2"]),
    Maintenance(id=2, from_us=us(300), until_us=us(420), device_id=6),
    Maintenance(id=3, from_us=us(200), until_us=us(300), circuit_id=1, safety=True),
    Maintenance(id=4, from_us=us(500), until_us=us(560), rule="open"),
)
Filed = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]
"""Alarms and cases without their numbers, which count what is asked in one go."""


def registry() -> Snapshot:
    """Return whom cases are filed about, and one unit for all of them."""
    return Snapshot(
        version=1,
        devices={one.device_id: known(one.device_id) for one in devices()},
        gateways={
            code: Gateway(
                id=number,
                code=code,
                transport=Transport.MQTT,
                host="",
                port=0,
                simulated=False,
            )
            for code, number in GATEWAYS.items()
        },
        units={
            1: UnitFacts(
                id=1, code="centre", kind=UnitKind.CENTRE, name_zh="中心", name_en="c"
            )
        },
    )


def known(device_id: int) -> Device:
    of = devices()[device_id - 1]
    return Device(
        id=device_id,
        code=of.code,
        kind=of.kind,
        gateway=of.gateway,
        address=of.code,
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=of.upstream_id,
        lon=of.lon,
        lat=of.lat,
        register_map="",
        expected_interval_s=of.interval_s,
        allowed_lateness_s=of.allowed_lateness_s,
        time_zone="",
        datum="wgs84",
        simulated=False,
    )


def plan_of(source: PlanSource) -> Plan:
    return compile_plan(
        msgspec.structs.replace(
            source, triage=RuleText("triage", 1, TRIAGE), windows=WINDOWS
        )
    )


class Plans:
    """The plans of a story, each made once."""

    def __init__(self, told: Story) -> None:
        self.first = plan_of(told.first)
        self.then = {c.seq: plan_of(c.source) for c in told.changes}


def filed(
    plans: Plans, entries: Sequence[Learned], rng: random.Random | None = None
) -> Filed:
    """Return what is filed of entries, see `course_of`."""
    docket = course_of(plans, entries, rng).docket
    alarms = {alarm.id: alarm for alarm in (*docket.ended, *docket.alarms.values())}
    cases = {case.id: case for case in (*docket.closed, *docket.cases.values())}
    return (
        sorted(map(partial(alarm_told, alarms, cases), alarms.values()), key=repr),
        sorted(map(partial(case_told, alarms, cases), cases.values()), key=repr),
    )


def course_of(
    plans: Plans, entries: Sequence[Learned], rng: random.Random | None = None
) -> Course:
    """Judge and file entries; by a cut drawn from `rng`, from states written down."""
    course = Course(plans.first, Docket(registry(), shipped_routing()))
    part: list[Learned] = []
    for entry in entries:
        part.append(entry)
        then = plans.then.get(entry.seq)
        if then is None and rng is not None and rng.random() < 0.8:
            continue
        course.take(part, then)
        part = []
        if rng is not None and rng.random() < 0.3:
            course.state = read_back(written(course.state))
            course.desk = desk_from(desk_written(course.desk))
    course.take(part)
    return course


Alarms = Mapping[int, AlarmLine]
Cases = Mapping[int, CaseLine]


def alarm_told(alarms: Alarms, cases: Cases, alarm: AlarmLine) -> tuple[object, ...]:
    lead, case = alarms.get(alarm.lead_id or 0), cases.get(alarm.case_id or 0)
    return (
        alarm.new,
        alarm.severity,
        alarm.cleared_seq,
        alarm.handling,
        alarm.window_id,
        None if lead is None else (lead.key, lead.new.raised_seq),
        None if case is None else (case.key, case.opened_at),
    )


def case_told(alarms: Alarms, cases: Cases, case: CaseLine) -> tuple[object, ...]:
    plain = {
        field.name: getattr(case, field.name)
        for field in fields(case)
        if field.name not in ("id", "parent_id", "alarms", "members")
    }
    parent = cases.get(case.parent_id or 0)
    members = [
        (device_id, alarms[number].new if number else None, line)
        for (device_id, number), line in case.members.items()
    ]
    return (
        *plain.items(),
        None if parent is None else (parent.key, parent.opened_at),
        sorted((alarm.key, alarm.new.raised_seq) for alarm in case.alarms.values()),
        sorted(members, key=repr),
    )


def doubled(entry: Learned, rng: random.Random) -> Learned:
    """Say some rows of an entry twice, in any order."""
    content = entry.content
    if not isinstance(content, Readings | Positions):
        return entry
    rows = [row for row in range(len(content)) for _ in range(rng.choice([1, 1, 2]))]
    rng.shuffle(rows)
    return replace(entry, content=content.take(np.array(rows, np.intp)))


many = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
seeds = st.integers(0, 2**32)


@many
@given(seeds)
def test_the_same_is_filed_however_the_journal_is_cut_and_wherever_it_goes_on(
    seed: int,
) -> None:
    told = story(random.Random(seed), STEPS, set(TEXTS))  # noqa: S311 not a secret
    plans = Plans(told)
    cut = filed(plans, told.entries, random.Random(seed))  # noqa: S311 not a secret
    assert cut == filed(plans, told.entries)


@many
@given(seeds)
def test_the_same_is_filed_of_what_is_told_twice(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    told = story(rng, STEPS, set(TEXTS))
    plans = Plans(told)
    twice = [doubled(entry, rng) for entry in told.entries]
    assert filed(plans, twice) == filed(plans, told.entries)


@many
@given(seeds)
def test_the_same_is_filed_of_what_is_mixed_up_within_the_lateness(seed: int) -> None:
    """Silence aside: it hears whoever arrives, when that is."""
    rng = random.Random(seed)  # noqa: S311 not a secret
    told = story(rng, STEPS, set(TEXTS) - SILENT)
    plans = Plans(replace(told, changes=[]))
    assert filed(plans, mixed(told.entries, rng)) == filed(plans, told.entries)


def mixed(entries: Sequence[Learned], rng: random.Random) -> list[Learned]:
    """Let the readings of devices that may be late arrive by any entry in time."""
    late = {i for d in devices() if d.allowed_lateness_s for i in d.series.values()}
    found = list(entries)
    for place, entry in enumerate(entries):
        content = found[place].content
        if not isinstance(entry.content, Readings) or not isinstance(content, Readings):
            continue
        told = entry.content
        is_late = np.isin(told.series_id, sorted(late))
        last_us = (
            entry.at_us
            if not is_late.any()
            else int(told.measured_us[is_late].min() + LATE_S * 1_000_000)
        )
        later = [
            to
            for to in range(place + 1, len(entries))
            if entries[to].at_us < last_us and isinstance(entries[to].content, Readings)
        ]
        if not later or rng.random() < 0.4:
            continue
        # Of what this entry itself told, not of what has been moved to it.
        to, n = rng.choice(later), len(told)
        own = np.arange(len(content)) >= len(content) - n
        moves = own & np.concatenate((np.zeros(len(content) - n, np.bool_), is_late))
        other = found[to].content
        assert isinstance(other, Readings)
        found[place] = replace(found[place], content=content.take(~moves))
        found[to] = replace(found[to], content=joined(content.take(moves), other))
    return found


def joined(one: Readings, other: Readings) -> Readings:
    return Readings(
        *(
            np.concatenate((getattr(one, name), getattr(other, name)))
            for name in ("series_id", "measured_us", "value", "quality", "received_us")
        )
    )


def test_such_a_city_has_every_kind_of_handling_and_of_case() -> None:
    """Else the properties above would say little."""
    handlings: set[str] = set()
    shapes: set[str] = set()
    for seed in range(4):
        told = story(random.Random(seed), STEPS, set(TEXTS))  # noqa: S311 not a secret
        docket = course_of(Plans(told), told.entries).docket
        handlings |= {a.handling for a in (*docket.ended, *docket.alarms.values())}
        shapes |= {c.shape for c in (*docket.closed, *docket.cases.values())}
    assert handlings >= {"filed", "member", "storm", "maintenance", "brief"}
    assert shapes == {"single", "group", "storm"}
