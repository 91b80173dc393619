"""What an ingest process is told when it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """What an ingest process is told.

    Attributes:
        database_url: The database.
        mqtt_url: The broker, `mqtt[s]://user:password@host:port`, MQTT 3.1.1.
        mqtt_client_id: Our session's name; each worker has its own.
        shared_group: Name of the shared subscription; None with a single worker.
        nmea_host: Address the NMEA listeners bind.
        nmea_tcp_port: Their TCP port; 0 for any free one.
        nmea_udp_port: Their UDP port; 0 for any free one.
        nmea_gateway: Code of the gateway that terminals belong to.
        jt808_host: Address the JT/T 808 listeners bind.
        jt808_tcp_port: Their TCP port; 0 for any free one, None for none.
        jt808_udp_port: Their UDP port; 0 for any free one, None for none.
        station_host: Address the listeners for hydrological and outfall stations bind.
        sl651_port: TCP port for SL 651; 0 for any free one, None for none.
        hj212_port: TCP port for HJ 212; 0 for any free one, None for none.
        metrics_host: Address the metrics are served on.
        metrics_port: Their TCP port; None for none.
        disks: Directories on the disks that our own database fills; empty where it is
            somebody else's. How full those are that are registered is told as readings.
    """

    database_url: str
    mqtt_url: str
    mqtt_client_id: str
    shared_group: str | None = None
    nmea_host: str = "127.0.0.1"
    nmea_tcp_port: int
    nmea_udp_port: int
    nmea_gateway: str = "nmea"
    jt808_host: str = "127.0.0.1"
    jt808_tcp_port: int | None = None
    jt808_udp_port: int | None = None
    station_host: str = "127.0.0.1"
    sl651_port: int | None = None
    hj212_port: int | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    disks: Sequence[Path] = ()
