"""Play a city's hardware through intake, rules and triage, in its own time.

Nothing waits for a clock and nothing is written: registry and live rules are read from
the database, the rest happens in memory, hours in minutes. What the intake does to
octets and the store to rows is left out; what it judges of samples is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot, load_snapshot
from ingest.arrival import Arrival, named_readings
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.names import Names
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.lines import AlarmLine, CaseLine
from rules.engine.learned import Content, EdgeWord, Learned
from rules.plan.compile import compile_plan
from rules.plan.subject import EDGE_OF_TRANSPORT
from rules.triage.desk import Handling
from rules.worker.present import current_source
from simulators.playback import Playback, Said
from simulators.scoring import Filed
from simulators.world import World
from store.connection import Connection
from vocabulary.device import DeviceKind
from vocabulary.times import us_from_datetime

STEP_S = 5.0
"""What is said in so long comes as one batch."""


class OtherCityError(LookupError):
    """The registry does not know the devices of the folder that is to be played."""


async def play(
    connection: Connection,
    world: World,
    *,
    for_s: float,
    kinds: frozenset[DeviceKind],
    tell: Callable[[float], None],
) -> list[Filed]:
    """Return what is filed while a world plays.

    Args:
        connection: Only read from.
        world: What happens.
        for_s: How long.
        kinds: Kinds of devices that speak.
        tell: Told the second it has come to.

    Raises:
        OtherCityError: If the registry is another city's.
    """
    snapshot = await load_snapshot(connection)
    city = world.town.city
    known = {device.code for device in snapshot.devices.values()}
    if strangers := city.devices.keys() - known:
        raise OtherCityError(
            f"{min(strangers)} and {len(strangers) - 1} more devices are not registered"
        )
    source = await current_source(
        connection, snapshot, at=world.start, time_zone=str(city.zone)
    )
    docket = Docket(snapshot, shipped_routing())
    course, books = Course(compile_plan(source), docket), _Books(docket, snapshot)
    ear = _Ear(Names(snapshot), world.start)
    course.take(list(ear.opened()))
    playback = Playback(world, kinds)
    second = 0.0
    while second < for_s:
        second = min(second + STEP_S, for_s)
        course.take(list(ear.heard(list(playback.until(second)), second)))
        books.enter()
        tell(second)
    return books.filed


@dataclass(slots=True)
class _Ear:
    """The intake: from what is said to entries of a journal."""

    names: Names
    start: datetime
    memory: Memory = field(default_factory=Memory)
    seq: int = 0

    def opened(self) -> Iterator[Learned]:
        """Yield that everything can be heard."""
        for edge in ("ingest", *sorted(set(EDGE_OF_TRANSPORT.values()))):
            yield self._entry(self.start, EdgeWord(edge, "", is_up=True))
        for gateway in sorted(
            self.names.snapshot.gateways.values(), key=lambda one: one.id
        ):
            edge = EDGE_OF_TRANSPORT[gateway.transport]
            yield self._entry(self.start, EdgeWord(edge, gateway.code, is_up=True))

    def heard(self, said: Sequence[Said], second: float) -> Iterator[Learned]:
        """Yield the entries of one batch; one that only tells the time, if it is empty.

        Args:
            said: What came, gateway by gateway.
            second: When the batch is written.
        """
        at = self.start + timedelta(seconds=second)
        arrivals = [_arrival(one, at) for one in said]
        batch = batch_of(arrivals, self.names, self.memory, at=at)
        if batch.refusals:
            raise AssertionError(f"refused: {batch.refusals[0]}")
        said_something: list[Content] = [
            rows for rows in (batch.readings, batch.positions) if len(rows)
        ]
        for content in said_something or [None]:
            yield self._entry(at, content)

    def _entry(self, at: datetime, content: Content) -> Learned:
        self.seq += 1
        return Learned(self.seq, us_from_datetime(at), content)


def _arrival(said: Said, at: datetime) -> Arrival:
    return Arrival(
        transport=said.gateway.transport,
        gateway=said.gateway.code,
        peer="",
        received_at=at,
        readings=named_readings(said.readings) if said.readings else None,
        positions=said.fixes,
        refusals=(),
        committed=None,
    )


@dataclass(slots=True)
class _Books:
    """What was filed, in its order, read off a docket after each step."""

    docket: Docket
    snapshot: Snapshot
    filed: list[Filed] = field(default_factory=list)
    _opened: dict[int, int] = field(default_factory=dict)
    _alarms: set[int] = field(default_factory=set)
    _cases: dict[int, CaseLine] = field(default_factory=dict)

    def enter(self) -> None:
        """Take what is new, and what is done with out of the docket."""
        for case in (*self.docket.cases.values(), *self.docket.closed):
            self._enter_case(case)
        for alarm in (*self.docket.alarms.values(), *self.docket.ended):
            self._enter_alarm(alarm)
        self.docket.closed.clear()
        self.docket.ended.clear()

    def _enter_case(self, case: CaseLine) -> None:
        self._cases[case.id] = case
        times = 1 + case.reopen_count
        if self._opened.get(case.id, 0) < times:
            self._opened[case.id] = times
            at = case.reopened_at or case.opened_at
            devices = [case.device_id, *(device_id for device_id, _ in case.members)]
            self._file(case.key.condition, devices, at, is_new=True)

    def _enter_alarm(self, alarm: AlarmLine) -> None:
        if alarm.id in self._alarms:
            return
        case, device_id = self._cases.get(alarm.case_id or 0), alarm.new.device_id
        if case is not None:
            self._file(
                case.key.condition, [device_id], alarm.new.raised_at, is_new=False
            )
        elif alarm.handling == Handling.NOTED:
            self._file(alarm.new.rule, [device_id], alarm.new.raised_at, is_new=True)
        else:
            return
        self._alarms.add(alarm.id)

    def _file(
        self, condition: str, devices: Sequence[int], at: datetime, *, is_new: bool
    ) -> None:
        known = self.snapshot.devices
        self.filed.append(
            Filed(
                condition=condition,
                kind=known[devices[0]].kind,
                devices=frozenset(known[device_id].code for device_id in devices),
                at=at,
                is_new=is_new,
            )
        )
