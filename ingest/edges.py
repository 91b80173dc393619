"""Every wire that one ingest process listens on, as a coroutine with a name."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TypeAlias

from devices.registry.snapshot import Snapshot
from ingest.inbox import Inbox
from ingest.jt808.serve import Jt808Ports, serve_jt808
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.edge import run_mqtt_edge
from ingest.mqtt.mouth import Mouth
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.nmea.ports import NmeaPorts
from ingest.registry_watch import RegistryWatch
from ingest.settings import IngestSettings
from ingest.stations.hj212 import serve_hj212
from ingest.stations.sl651 import serve_sl651
from vocabulary.times import Clock

Edges: TypeAlias = dict[str, Coroutine[None, None, None]]
"""What serves each wire until cancelled, by the name of its task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What every edge is given.

    Attributes:
        inbox: Where arrivals and changes go.
        registry: Says which gateways there are, and what they speak.
        clock: Tells the time of receipt.
    """

    inbox: Inbox
    registry: RegistryWatch
    clock: Clock

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
    )


def nmea_ports(
    tasks: asyncio.TaskGroup, settings: IngestSettings, *, inbox: Inbox, clock: Clock
) -> NmeaPorts:
    """Return the listeners of gateways with an NMEA port of their own.

    Args:
        tasks: What the listeners' tasks live in.
        settings: Where they bind, and which gateway has the common port.
        inbox: Where what they hear goes.
        clock: Tells the time of receipt.
    """
    return NmeaPorts(
        tasks,
        settings.nmea_host,
        inbox=inbox,
        clock=clock,
        served=settings.nmea_gateway,
    )


def _nmea_edges(settings: IngestSettings, given: Given) -> Edges:
    listeners = {
        "nmea tcp": (serve_nmea_tcp, settings.nmea_tcp_port),
        "nmea udp": (serve_nmea_udp, settings.nmea_udp_port),
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
        )
    }


def _station_edges(settings: IngestSettings, given: Given) -> Edges:
    ports = {
        "sl651": (settings.sl651_port, serve_sl651),
        "hj212": (settings.hj212_port, serve_hj212),
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
