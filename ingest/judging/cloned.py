"""Rows of those that came later under a name that another speaks under: pure.

Nearly all devices speak from where they spoke before; that is seen over columns. The
few others are followed one by one, see `judge_clone`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.judging.clone import (
    STATION_RETURNS,
    VEHICLE_RETURNS,
    Evidence,
    Hosts,
    Rivalry,
    Speaker,
    heard,
    host_key,
    is_same_host,
    window_us,
    words,
)
from ingest.judging.columns import reach
from ingest.judging.fix import FASTEST_M_S, LEAP_M, Fixes, Tracks
from vocabulary.geometry import distance_m
from vocabulary.position import DEGREES_E7
from vocabulary.times import SECOND_US, us_from_datetime

Rivalries = dict[int, Rivalry]
"""By device, those that are open."""


def cloned_readings(
    hosts: Hosts,
    rivalries: Rivalries,
    device_id: NDArray[np.int32],
    source: NDArray[np.intp],
    *,
    arrivals: Sequence[Arrival],
    snapshot: Snapshot,
) -> dict[int, str]:
    """Return which rows are refused, and why.

    Args:
        hosts: Changed in place.
        rivalries: Changed in place.
        device_id: Of each row, in order of arrival.
        source: Which of the arrivals each came in.
        arrivals: In the order they came.
        snapshot: The registry.
    """
    keys = np.array([host_key(arrival.transport, arrival.peer) for arrival in arrivals])
    if not keys.any():
        return {}
    reach(hosts, device_id)
    heard_us = np.array([us_from_datetime(arrival.received_at) for arrival in arrivals])
    key = keys[source]
    _note_new(hosts, device_id, key, heard_us[source])
    known = hosts.key[device_id]
    is_strange = hosts.is_contested[device_id] | ((known != 0) & (known != key))
    is_strange &= key != 0
    in_question = (key != 0) & np.isin(device_id, device_id[is_strange])
    calm = (key != 0) & ~in_question
    hosts.key[device_id[calm]] = key[calm]
    hosts.heard_us[device_id[calm]] = heard_us[source[calm]]
    rows = np.flatnonzero(in_question)
    said = np.stack((source[rows], device_id[rows]))
    pairs, pair = np.unique(said, axis=1, return_inverse=True)
    why: dict[int, str] = {}
    for n, (arrival_n, device) in enumerate(pairs.T.tolist()):
        speaker = Speaker(
            peer=arrivals[arrival_n].peer,
            peer_key=int(keys[arrival_n]),
            heard_us=int(heard_us[arrival_n]),
        )
        rivalry, is_refused = _heard_from(hosts, rivalries, device, speaker, snapshot)
        if is_refused:
            address = snapshot.devices[device].address
            text = words(address, rivalry)
            why |= dict.fromkeys(rows[pair.ravel() == n].tolist(), text)
    return why


def cloned_fixes(
    tracks: Tracks,
    rivalries: Rivalries,
    fixes: Fixes,
    jumps: NDArray[np.bool_],
    *,
    speaker_of: Callable[[int], Speaker],
    snapshot: Snapshot,
) -> dict[int, str]:
    """Return which fixes are refused, by their place among `fixes`, and why.

    Args:
        tracks: What was known before.
        rivalries: Changed in place.
        fixes: To be judged.
        jumps: Which of them cannot have been driven to.
        speaker_of: Tells who sent each, by its place among `fixes`.
        snapshot: The registry.
    """
    suspects = set(fixes.device_id[jumps].tolist())
    if rivalries:
        suspects |= rivalries.keys() & set(fixes.device_id.tolist())
    why: dict[int, str] = {}
    if not suspects:
        return why
    known = dict(rivalries)  # closed ones too, for what comes later in this batch
    for n in np.flatnonzero(np.isin(fixes.device_id, list(suspects))).tolist():
        device, speaker = int(fixes.device_id[n]), speaker_of(n)
        rivalry = known.get(device) or Rivalry(
            first=_last_fix(tracks, device) or speaker
        )
        device_facts = snapshot.devices[device]
        evidence = Evidence(
            is_same=_is_same_vehicle,
            returns=VEHICLE_RETURNS,
            window_us=window_us(device_facts.expected_interval_s),
            is_reset_by_third=False,
        )
        rivalry, is_refused = heard(rivalry, speaker, evidence)
        known[device] = rivalry
        _keep(rivalries, device, rivalry)
        if is_refused:
            why[n] = words(device_facts.address, rivalry)
    return why


def _note_new(
    hosts: Hosts,
    device_id: NDArray[np.int32],
    key: NDArray[np.int64],
    heard_us: NDArray[np.int64],
) -> None:
    """Remember where those speak from that never spoke: the first row of each."""
    new = np.flatnonzero((hosts.key[device_id] == 0) & (key != 0))[::-1]
    hosts.key[device_id[new]] = key[new]
    hosts.heard_us[device_id[new]] = heard_us[new]


def _heard_from(
    hosts: Hosts,
    rivalries: Rivalries,
    device: int,
    speaker: Speaker,
    snapshot: Snapshot,
) -> tuple[Rivalry, bool]:
    known = Speaker(
        peer="", peer_key=int(hosts.key[device]), heard_us=int(hosts.heard_us[device])
    )
    rivalry = rivalries.get(device) or Rivalry(first=known)
    evidence = Evidence(
        is_same=is_same_host,
        returns=STATION_RETURNS,
        window_us=window_us(snapshot.devices[device].expected_interval_s),
        is_reset_by_third=True,
    )
    rivalry, is_refused = heard(rivalry, speaker, evidence)
    _keep(rivalries, device, rivalry)
    hosts.is_contested[device] = device in rivalries
    hosts.key[device] = rivalry.first.peer_key
    hosts.heard_us[device] = rivalry.first.heard_us
    return rivalry, is_refused


def _keep(rivalries: Rivalries, device: int, rivalry: Rivalry) -> None:
    if rivalry.later is None:
        rivalries.pop(device, None)
    else:
        rivalries[device] = rivalry


def _last_fix(tracks: Tracks, device: int) -> Speaker | None:
    if tracks.newest_us[device] == 0:
        return None
    return Speaker(
        peer="",
        peer_key=int(tracks.peer_key[device]),
        heard_us=int(tracks.heard_us[device]),
        at_us=int(tracks.newest_us[device]),
        lon=float(tracks.lon_e7[device]) / DEGREES_E7,
        lat=float(tracks.lat_e7[device]) / DEGREES_E7,
    )


def _is_same_vehicle(one: Speaker, other: Speaker) -> bool:
    if one.peer_key == other.peer_key:
        return True
    most_m = LEAP_M + FASTEST_M_S * abs(one.at_us - other.at_us) / SECOND_US
    return distance_m(one.lon, one.lat, other.lon, other.lat) <= most_m
