"""What shows that a device obeyed; which answers repeat; what may follow what."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ingest.commands.hearing import heard, presence_from
from ingest.commands.noting import LONGEST_REPEAT_S, repeat_after
from ingest.protocols.gezhi_command import Down, encode_down
from simulators.obeying import REMEMBERED, Obedience
from store.journal.body import readings_body
from store.journal.entries import Entry, Kind
from vocabulary.command import (
    ENDS,
    AnyOrder,
    Dim,
    Interval,
    Locate,
    Outcome,
    State,
    Switch,
)
from vocabulary.command_ability import abilities, words
from vocabulary.command_effect import (
    Awaited,
    Sample,
    after,
    expected_effect,
    verdict,
)
from vocabulary.device import DeviceKind, Format, Transport
from vocabulary.quality import Quality
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)

LAMP = frozenset({"power_w", "dimming_pct"})


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def dimmed(state: State = State.ACKED, pct: float = 40) -> Awaited:
    effect = expected_effect(Dim(pct=pct), quantities=LAMP, expected_interval_s=10)
    assert effect is not None
    return Awaited(
        number=1,
        device_id=1,
        series_id=1,
        state=state,
        effect=effect,
        tried_at=at(0),
        acked_at=at(1) if state is State.ACKED else None,
    )


def test_an_entry_that_cannot_be_read_shows_nothing_and_hides_nothing() -> None:
    seen = Readings(
        np.array([1], np.int32),
        np.array([us_from_datetime(at(5))], np.int64),
        np.array([40.0]),
        np.array([0], np.int32),
        np.array([0], np.int64),
    )
    entries = [
        Entry(0, seq, at(6), Kind.READINGS, 1, body)
        for seq, body in enumerate((b"of a later release", readings_body(seen)))
    ]
    assert [each.number for each in heard([dimmed()], entries)] == [1]
    assert presence_from(b"{") is None


@pytest.mark.parametrize(
    ("order", "quantities", "quantity", "low", "high"),
    [
        (Dim(pct=40), LAMP, "dimming_pct", 35, 45),
        (Dim(pct=0), LAMP, "power_w", -2, 2),
        (Switch(on=False), LAMP, "power_w", -2, 2),
        (Switch(on=True), LAMP, "power_w", 2, 1e9),
        (Switch(on=True), LAMP | {"contactor_on"}, "contactor_on", 1, 1),
        (Switch(on=False), frozenset({"dimming_pct"}), "dimming_pct", 0, 0.5),
        (Locate(), frozenset(), "position", 0, 0),
    ],
)
def test_the_effect_is_looked_for_in_what_the_device_measures(
    order: AnyOrder, quantities: frozenset[str], quantity: str, low: float, high: float
) -> None:
    effect = expected_effect(order, quantities=quantities, expected_interval_s=1)
    assert effect is not None
    assert (effect.quantity, effect.low, effect.high) == (quantity, low, high)
    assert effect.within_s == 60


def test_what_nothing_shows_has_no_effect_and_a_rare_reporter_has_more_time() -> None:
    interval = Interval(interval_s=9)
    assert expected_effect(interval, quantities=LAMP, expected_interval_s=1) is None
    dim = expected_effect(Dim(pct=1), quantities=LAMP, expected_interval_s=900)
    assert dim is not None
    assert dim.within_s == 1810


def test_old_and_doubtful_samples_show_nothing() -> None:
    samples = [
        Sample(at(-3), 40, 0),
        Sample(at(2), 40, Quality.STUCK),
        Sample(at(2), 40, Quality.FUTURE),
        Sample(at(3), 60, 0),
    ]
    heard = after(dimmed(), samples)
    assert heard.seen_at is None
    assert (heard.heard_value, heard.heard_at) == (60, at(3))
    assert verdict(heard, now=at(60.9)) is None
    assert verdict(heard, now=at(61)) == (
        State.EFFECT_NOT_SEEN,
        "dimming_pct is 60, not 35 to 45 within 60 s of the answer",
    )


def test_a_sample_that_shows_it_counts_though_it_came_before_the_answer() -> None:
    heard = after(dimmed(State.SENT), [Sample(at(0.5), 41, 0), Sample(at(9), 80, 0)])
    judged = verdict(heard, now=at(10))
    assert judged is not None
    assert judged[0] is State.EFFECT_SEEN


def test_what_was_not_said_for_sure_is_not_judged() -> None:
    heard = after(dimmed(State.QUEUED), [Sample(at(1), 40, 0)])
    assert heard.seen_at == at(1)
    assert verdict(heard, now=at(99)) is None


def test_a_silent_device_is_not_seen_to_do_it_and_that_is_said() -> None:
    judged = verdict(dimmed(), now=at(61))
    assert judged is not None
    assert judged[1].startswith("no dimming_pct was heard")


def test_a_command_that_comes_again_is_answered_again_and_not_done_again() -> None:
    done: list[AnyOrder] = []

    def do(order: AnyOrder) -> str:
        done.append(order)
        return ""

    device = Obedience()
    down = encode_down(Down(id="u-1", order=Switch(on=True), expires_at=at(60)))
    first = device.obey(down, "LP-1", do, now=at(1))
    again = device.obey(down, "LP-1", do, now=at(90))
    assert first == again
    assert (done, device.heard) == ([Switch(on=True)], 2)


def test_a_command_that_comes_too_late_or_is_not_understood_is_not_done() -> None:
    device = Obedience()
    down = encode_down(Down(id="u-1", order=Switch(on=True), expires_at=at(60)))
    late = device.obey(down, "LP-1", lambda _: "", now=at(61))
    odd = device.obey(
        b'{"id":"u-2","order":{"what":"fly"}}', "LP-1", lambda _: "", now=at(0)
    )
    assert late is not None
    assert odd is not None
    assert (late.outcome, odd.outcome) == (Outcome.EXPIRED, Outcome.REFUSED)
    assert device.obey(b"\xff", "LP-1", lambda _: "", now=at(0)) is None
    assert device.done == []


def test_a_devices_memory_is_bounded() -> None:
    device = Obedience()
    for number in range(REMEMBERED + 9):
        order = Down(id=f"u-{number}", order=Switch(on=True), expires_at=at(60))
        device.obey(encode_down(order), "LP-1", lambda _: "", now=at(0))
    assert len(device.done) == REMEMBERED + 9


def test_sent_never_leads_back_and_what_has_ended_stays_ended() -> None:
    ended = {
        State.EFFECT_SEEN,
        State.EFFECT_NOT_SEEN,
        State.REFUSED,
        State.CANCELLED,
    }
    assert {state for state, ends in ENDS.items() if not ends} == ended
    assert set(ENDS) == set(State)
    assert State.CANCELLED not in ENDS[State.SENT]
    assert all(State.QUEUED not in ends for ends in ENDS.values())


def test_repeats_come_ever_later() -> None:
    waits = [repeat_after(tries).total_seconds() for tries in range(20)]
    assert waits[:3] == [15, 30, 60]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_REPEAT_S


def test_every_device_over_every_wire_has_its_words() -> None:
    lamp = abilities(DeviceKind.LAMP, Transport.MQTT, Format.GEZHI)
    assert words(lamp) == ["switch", "dim", "programme", "interval", "native"]
    assert words(abilities(DeviceKind.LAMP, Transport.MODBUS_TCP, Format.GEZHI)) == [
        "switch",
        "dim",
    ]
    assert "locate" in words(
        abilities(DeviceKind.VEHICLE, Transport.JT808, Format.GEZHI)
    )
    assert abilities(DeviceKind.GAUGE, Transport.SL651, Format.GEZHI) == ()
    assert abilities(DeviceKind.COVER, Transport.MQTT, Format.CHIRPSTACK4) == ()
