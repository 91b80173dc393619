"""Bundles of a burst without a database: decided again, cut short, changed, forged."""

from collections.abc import Callable
from functools import lru_cache

import msgspec
import pytest

from rules.bundle.bundle import Bundle, Gone, bundle_from
from rules.bundle.chain import PIECES, BundleError, chain_of, opened
from rules.bundle.entries import entries_from, entries_json
from rules.bundle.gather import gathered, told_only
from rules.bundle.many import gathered_of
from rules.bundle.reach import TOO_LARGE, UNRECORDED
from rules.bundle.replay import replay
from rules.engine.learned import EdgeWord, Learned
from tests.bundle.offline import bundles_of, records_of
from tests.covers_pipes.mains import Burst, Pressure, plan, sampled
from tests.rules.town import us

PLAN = plan()


@lru_cache
def journal() -> tuple[Learned, ...]:
    return tuple(sampled(100, Pressure(Burst("P-6-7", 0.4, 60))))


@lru_cache
def bundles() -> tuple[Bundle, ...]:
    return tuple(bundles_of(PLAN.source, journal()))


def the_burst() -> Bundle:
    return next(b for b in bundles() if b.decided.is_of_many)


def test_a_burst_and_each_of_its_members_are_decided_again_alike() -> None:
    assert len(bundles()) > 4
    for bundle in bundles():
        replayed = replay(bundle_from(bundle.octets())[0])
        assert replayed.is_same
        assert replayed.triaged.is_same
        assert replayed.triaged.said == bundle.said != ()


def test_a_burst_names_its_pipe_and_its_members_as_they_felt_it() -> None:
    bundle = the_burst()
    many = gathered_of(bundle, replay(bundle))
    assert many is not None
    assert many.burst is not None
    assert (many.kind, many.burst.pipe, many.children) == ("burst", "P-6-7", 16)
    assert {"D-6", "D-7"} <= {member.device for member in many.members}
    dropped = [m.felt_at for m in many.members if m.rule == "pressure-dropped"]
    assert dropped == sorted(dropped)
    assert all(member.is_judged for member in many.members)
    assert {m.unit for m in many.members if m.rule == "pressure-dropped"} == {"kPa"}


def with_gone(bundle: Bundle, **changes: object) -> Bundle:
    gone = msgspec.structs.replace(bundle.gone, **changes)
    return Bundle(bundle.decided, bundle.source, gone, bundle.entries)


def a_turn_left_out(bundle: Bundle) -> Bundle:
    return with_gone(bundle, turns=bundle.gone.turns[1:], judged=())


def other_value(bundle: Bundle) -> Bundle:
    turns = list(bundle.gone.turns)
    turns[0] = msgspec.structs.replace(turns[0], value=turns[0].value - 1)
    return with_gone(bundle, turns=tuple(turns))


def other_pipe(bundle: Bundle) -> Bundle:
    said = [
        msgspec.structs.replace(each, burst=None) if each.what == "open" else each
        for each in bundle.gone.said
    ]
    return with_gone(bundle, said=tuple(said))


def other_samples(bundle: Bundle) -> Bundle:
    return Bundle(bundle.decided, bundle.source, bundle.gone, bundle.entries[60:])


@pytest.mark.parametrize(
    "change", [a_turn_left_out, other_value, other_pipe, other_samples]
)
def test_a_forged_bundle_with_right_hashes_is_decided_otherwise(
    change: Callable[[Bundle], Bundle],
) -> None:
    forged, _ = bundle_from(change(the_burst()).octets())
    assert not replay(forged).is_same


@pytest.mark.parametrize(
    "change", [{"value": -1.0}, {"threshold": -1.0}, {"severity": "critical"}]
)
def test_an_alarm_that_says_other_numbers_is_decided_otherwise(
    change: dict[str, object],
) -> None:
    one = next(b for b in bundles() if not b.decided.is_of_many)
    decided = msgspec.structs.replace(one.decided, **change)
    forged = Bundle(decided, one.source, one.gone, one.entries)
    assert replay(one).is_same
    assert not replay(bundle_from(forged.octets())[0]).is_same


def test_a_member_whose_samples_are_left_out_is_taken_as_told() -> None:
    bundle = the_burst()
    first = bundle.gone.judged[0]
    told = Bundle(
        bundle.decided, bundle.source, told_only(bundle.gone, [first]), bundle.entries
    )
    replayed = replay(told)
    assert replayed.is_same
    assert replayed.triaged.is_same
    many = gathered_of(told, replayed)
    assert many is not None
    assert [m.is_judged for m in many.members].count(False) == 1


def test_where_too_much_was_remembered_it_is_told_and_says_so() -> None:
    records = records_of(PLAN, journal())
    one = next(b for b in bundles() if not b.decided.is_of_many)
    wide = [msgspec.structs.replace(record, before=None) for record in records]
    last = journal()[-1].seq
    gone = gathered(PLAN.layout, one.decided, wide, until_seq=last)
    assert gone.why_not == TOO_LARGE
    replayed = replay(Bundle(one.decided, one.source, gone, one.entries))
    assert replayed.is_same
    assert replayed.triaged.is_same is None
    assert replayed.triaged.said == one.said
    gone = gathered(PLAN.layout, one.decided, [], until_seq=last)
    assert gone == Gone(why_not=UNRECORDED)


def test_no_octet_of_a_bundle_can_be_changed() -> None:
    octets = min((bundle.octets() for bundle in bundles()), key=len)
    for place in range(0, len(octets), 101):
        changed = bytearray(octets)
        changed[place] ^= 1 << place % 7
        with pytest.raises(BundleError):
            bundle_from(bytes(changed))


def test_each_hash_goes_over_all_the_pieces_before() -> None:
    pieces, chain = opened(the_burst().octets())
    other = chain_of({**pieces, "alarm": {}}).links
    same = [name for name in PIECES if other[name] == chain.links[name]]
    assert same == ["format"]


def test_entries_are_read_back_as_they_were() -> None:
    said = [
        Learned(1, us(0), EdgeWord("mqtt", "GW", is_up=False), "a"),
        *(Learned(seq, us(seq), None, "a") for seq in range(2, 6)),
        *(Learned(seq, us(seq), None, "b") for seq in range(6, 9)),
        Learned(20, us(30), None, "b"),
        Learned(21, us(30.5), None),
    ]
    piece = entries_json(said)
    assert len(piece) == 5
    assert entries_from(piece) == said
