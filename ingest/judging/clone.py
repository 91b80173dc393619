"""Two that speak under one name: pure.

A terminal that comes back under another address leaves the old one silent. Two that
have the same name go on speaking in turn. So there are two when the first one was heard
again, several times, each time soon after the other; from then on what the later one
says is refused. An address that never comes back is a reconnection, and so are changing
addresses of an operator's gateway (a third address begins the count anew).

    is the same one              of a station: the host, whatever its port
                                 of a vehicle: host and port, or a place it can have
                                 driven to; two lines of one vehicle are no clone
    the first returns            5 times for a station, 3 for a vehicle
    within                       10 minutes, or 3 reporting intervals if that is more

The first one that is silent for as long is gone; the other then is the first.
What comes through a gateway of ours (MQTT, Modbus) is not asked: the registry says
through which gateway a device speaks, and other gateways are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.judging.columns import flags, integers
from vocabulary.device import Transport
from vocabulary.times import SECOND_US

CALLERS = frozenset({Transport.NMEA, Transport.JT808, Transport.SL651, Transport.HJ212})
"""Wires on which each device calls us itself, so that its address tells it apart."""

SHORTEST_WINDOW_US = 600 * SECOND_US
"""Who was silent for so long is not heard beside the other."""

INTERVALS = 3
"""Or for so many of its reporting intervals."""

STATION_RETURNS = 5
"""A host may change and change back, as when one of two lines fails."""

VEHICLE_RETURNS = 3
"""A place that nobody can drive to is strong evidence by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One of those that speak under a name, as it was heard last.

    Attributes:
        peer: Its address; empty if it was not kept.
        peer_key: See `peer_key`.
        heard_us: When we heard it.
        at_us: Of a vehicle, when it took its fix.
        lon: Degrees east, of a vehicle.
        lat: Degrees north, of a vehicle.
    """

    peer: str
    peer_key: int
    heard_us: int
    at_us: int = 0
    lon: float = 0.0
    lat: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivalry:
    """Who speaks under one name.

    Attributes:
        first: Whom we believe.
        later: The one that came to it, if any.
        returns: How often the first was heard again after the later one.
        is_laters_turn: Whether the later one spoke last.
    """

    first: Speaker
    later: Speaker | None = None
    returns: int = 0
    is_laters_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What makes two of one name.

    Attributes:
        is_same: Whether two speakers may be one.
        returns: How often the first must have returned.
        window_us: Who was silent for longer is gone.
        is_reset_by_third: Whether yet another one begins the count anew.
    """

    is_same: Callable[[Speaker, Speaker], bool]
    returns: int
    window_us: int
    is_reset_by_third: bool


@dataclass(slots=True)
class Hosts:
    """Where stations speak from, one slot each.

    Attributes:
        key: Of the host that was heard last, see `host_key`; 0 for none.
        heard_us: When.
        is_contested: Whether there is a rivalry about its name.
    """

    key: NDArray[np.int64] = field(default_factory=integers)
    heard_us: NDArray[np.int64] = field(default_factory=integers)
    is_contested: NDArray[np.bool_] = field(default_factory=flags)


def heard(
    rivalry: Rivalry, speaker: Speaker, evidence: Evidence
) -> tuple[Rivalry, bool]:
    """Return who speaks under a name now, and whether this one is refused."""
    now_us = speaker.heard_us
    if now_us - rivalry.first.heard_us > evidence.window_us:
        return Rivalry(first=speaker), False
    later = rivalry.later
    if later is not None and now_us - later.heard_us > evidence.window_us:
        rivalry, later = Rivalry(first=rivalry.first), None
    if evidence.is_same(rivalry.first, speaker):
        returns = rivalry.returns + rivalry.is_laters_turn
        first = _newer(rivalry.first, speaker)
        rivalry = replace(rivalry, first=first, returns=returns, is_laters_turn=False)
        return rivalry, False
    is_known = later is not None and evidence.is_same(later, speaker)
    returns = rivalry.returns
    if not is_known and evidence.is_reset_by_third:
        returns = 0
    rivalry = replace(rivalry, later=speaker, returns=returns, is_laters_turn=True)
    return rivalry, returns >= evidence.returns


def words(device: str, rivalry: Rivalry) -> str:
    """Return why the later one is refused, for people."""
    later = rivalry.later
    return (
        f"{device} speaks from {rivalry.first.peer or 'elsewhere'} and, in turn, from"
        f" {later.peer if later else 'elsewhere'}: two under one name, the later one is"
        " refused; give each a name of its own"
    )


def window_us(interval_s: float) -> int:
    """Return after how long a device that reports so often is gone."""
    return max(SHORTEST_WINDOW_US, int(INTERVALS * interval_s * SECOND_US))


def is_same_host(one: Speaker, other: Speaker) -> bool:
    """Return whether two speak from one host, whatever the port."""
    return one.peer_key == other.peer_key


def host_key(transport: Transport, peer: str) -> int:
    """Return a number for the host of a peer; 0 where it tells nobody apart."""
    return peer_key(transport, peer.rpartition(":")[0])


def peer_key(transport: Transport, peer: str) -> int:
    """Return a number for a peer; 0 where it tells nobody apart."""
    return 1 + crc32(peer.encode()) if transport in CALLERS and peer else 0


def _newer(known: Speaker, speaker: Speaker) -> Speaker:
    """Return the speaker as heard now, where its newest fix was."""
    if speaker.at_us >= known.at_us:
        return speaker
    return replace(speaker, at_us=known.at_us, lon=known.lon, lat=known.lat)
