"""Every wire that one ingest process listens on, as a coroutine with a name."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from devices.registry.snapshot import Snapshot
from ingest.gate import Gate
from ingest.inbox import Inbox
from ingest.jt808.limits import Doors, Limits
from ingest.jt808.serve import Jt808Ports, serve_jt808
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.edge import run_mqtt_edge
from ingest.mqtt.mouth import Mouth
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.nmea.ports import NmeaPorts
from ingest.own_disks import tell_own_disks
from ingest.registry_watch import RegistryWatch
from ingest.settings import IngestSettings
from ingest.stations.hj212 import serve_hj212
from ingest.stations.sl651 import serve_sl651
from vocabulary.times import Clock

Edges: TypeAlias = dict[str, Coroutine[None, None, None]]
"""What serves each wire until cancelled, by the name of its task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """How many devices may be connected, by edge; each over all ports it listens on."""

    jt808: Doors = field(default_factory=lambda: Doors(Limits()))
    nmea: Gate = field(default_factory=Gate)
    sl651: Gate = field(default_factory=Gate)
    hj212: Gate = field(default_factory=Gate)

    def counts(self) -> dict[str, Doors | Gate]:
        """Return what counts the connections of each edge."""
        return {
            "jt808": self.jt808,
            "nmea": self.nmea,
            "sl651": self.sl651,
            "hj212": self.hj212,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What every edge is given.

    Attributes:
        inbox: Where arrivals and changes go.
        registry: Says which gateways there are, and what they speak.
        clock: Tells the time of receipt.
        gates: Who lets devices in.
    """

    inbox: Inbox
    registry: RegistryWatch
    clock: Clock
    gates: Gates

    def snapshot(self) -> Snapshot:
        """Return the registry as it is now."""
        return self.registry.snapshot


def edges_of(
    settings: IngestSettings, given: Given, *, broker: BrokerAddress, mouth: Mouth
) -> Edges:
    """Return what serves each wire of a process; nothing runs yet.

    Modbus is polled and gateways with an NMEA port of their own come and go: both
    follow the registry (`Pollers`, `nmea_ports`).

    Args:
        settings: Which wires there are.
        given: What every edge is given.
        broker: Where to connect.
        mouth: Speaks on the link to the broker while there is one.
    """
    mqtt = run_mqtt_edge(
        broker,
        settings.mqtt_client_id,
        inbox=given.inbox,
        clock=given.clock,
        registry=given.registry,
        shared_group=settings.shared_group,
        mouth=mouth,
    )
    return (
        {"mqtt": mqtt}
        | _nmea_edges(settings, given)
        | _jt808_edge(settings, given)
        | _station_edges(settings, given)
        | _own_disks(settings, given)
    )


def nmea_ports(
    tasks: asyncio.TaskGroup,
    settings: IngestSettings,
    *,
    inbox: Inbox,
    clock: Clock,
    gates: Gates,
) -> NmeaPorts:
    """Return the listeners of gateways with an NMEA port of their own.

    Args:
        tasks: What the listeners' tasks live in.
        settings: Where they bind, and which gateway has the common port.
        inbox: Where what they hear goes.
        clock: Tells the time of receipt.
        gates: Who lets devices in.
    """
    return NmeaPorts(
        tasks,
        settings.nmea_host,
        inbox=inbox,
        clock=clock,
        served=settings.nmea_gateway,
        gate=gates.nmea,
    )


def _nmea_edges(settings: IngestSettings, given: Given) -> Edges:
    serve_tcp = partial(serve_nmea_tcp, gate=given.gates.nmea)
    listeners = {
        "nmea tcp": (serve_tcp, settings.nmea_tcp_port),
        "nmea udp": (partial(serve_nmea_udp), settings.nmea_udp_port),
    }
    return {
        name: serve_nmea(
            settings.nmea_host,
            port,
            gateway=settings.nmea_gateway,
            inbox=given.inbox,
            clock=given.clock,
        )
        for name, (serve_nmea, port) in listeners.items()
    }


def _jt808_edge(settings: IngestSettings, given: Given) -> Edges:
    ports = Jt808Ports(
        host=settings.jt808_host,
        tcp=settings.jt808_tcp_port,
        udp=settings.jt808_udp_port,
    )
    return {
        "jt808": serve_jt808(
            ports,
            dsn=settings.database_url,
            registry=given.snapshot,
            inbox=given.inbox,
            clock=given.clock,
            doors=given.gates.jt808,
        )
    }


def _station_edges(settings: IngestSettings, given: Given) -> Edges:
    gates = given.gates
    ports = {
        "sl651": (settings.sl651_port, partial(serve_sl651, gate=gates.sl651)),
        "hj212": (settings.hj212_port, partial(serve_hj212, gate=gates.hj212)),
    }
    return {
        name: serve_stations(
            settings.station_host,
            port,
            registry=given.snapshot,
            inbox=given.inbox,
            clock=given.clock,
        )
        for name, (port, serve_stations) in ports.items()
        if port is not None
    }


def _own_disks(settings: IngestSettings, given: Given) -> Edges:
    return {
        "own disks": tell_own_disks(
            settings.disks,
            registry=given.snapshot,
            inbox=given.inbox,
            clock=given.clock,
        )
    }
