"""What an operator may set, all of it; compose.yaml shows the same names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rules.retention.policy import Policy, PolicyError


class SettingError(ValueError):
    """A setting is missing or does not parse.

    Attributes:
        name: The environment variable at fault.
    """

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


HIGHEST_PORT = 65535
"""The last TCP or UDP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read once from the environment and passed down as plain arguments.

    Attributes:
        database_url: PostgreSQL with or without TimescaleDB; empty means a private one.
        mqtt_url: Broker and account of the ingest worker; empty means a private one.
        mqtt_client_id: Fixed, so that the broker keeps our session; one per worker.
        mqtt_share: Name of the shared subscription; empty with a single worker.
        api_host: Where the API listens.
        api_port: Where the API listens.
        nmea_host: Where vehicle terminals call.
        nmea_tcp_port: NMEA 0183 over TCP; IANA gave 10110 to it.
        nmea_udp_port: NMEA 0183 over UDP.
        jt808_host: Where vehicle terminals of JT/T 808 call.
        jt808_tcp_port: JT/T 808 over TCP; 0 for none.
        jt808_udp_port: JT/T 808 over UDP; 0 for none.
        station_host: Where hydrological and outfall stations call.
        sl651_port: SL 651-2014 over TCP; 0 for none.
        hj212_port: HJ 212-2017 over TCP; 0 for none.
        metrics_port: Prometheus metrics of the ingest process; 0 for none.
        disks: Directories whose disks our own database fills, with colons between.
        keep_days: How many days of what is kept, as `journal=30 positions=365`.
        time_zone: The city's own, for case numbers.
        city: City folder whose base map the page shows; empty for none.
        mqtt_passwords: JSON file of the gateways' broker passwords, for simulators.
    """

    database_url: str
    mqtt_url: str
    mqtt_client_id: str
    mqtt_share: str
    api_host: str
    api_port: int
    nmea_host: str
    nmea_tcp_port: int
    nmea_udp_port: int
    jt808_host: str
    jt808_tcp_port: int
    jt808_udp_port: int
    station_host: str
    sl651_port: int
    hj212_port: int
    metrics_port: int
    disks: str
    keep_days: str
    time_zone: str
    city: str
    mqtt_passwords: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings, each with the default a developer wants.

        Raises:
            SettingError: If a number does not parse.
        """
        return cls(
            database_url=environ.get("DATABASE_URL", ""),
            mqtt_url=environ.get("MQTT_URL", ""),
            mqtt_client_id=environ.get("GEZHI_MQTT_CLIENT_ID", "gezhi-ingest"),
            mqtt_share=environ.get("GEZHI_MQTT_SHARE", ""),
            api_host=environ.get("GEZHI_API_HOST", "127.0.0.1"),
            api_port=_port(environ, "GEZHI_API_PORT", 8321),
            nmea_host=environ.get("GEZHI_NMEA_HOST", "127.0.0.1"),
            nmea_tcp_port=_port(environ, "GEZHI_NMEA_TCP_PORT", 10110),
            nmea_udp_port=_port(environ, "GEZHI_NMEA_UDP_PORT", 10110),
            jt808_host=environ.get("GEZHI_JT808_HOST", "127.0.0.1"),
            jt808_tcp_port=_port(environ, "GEZHI_JT808_TCP_PORT", 7611),
            jt808_udp_port=_port(environ, "GEZHI_JT808_UDP_PORT", 7611),
            station_host=environ.get("GEZHI_STATION_HOST", "127.0.0.1"),
            sl651_port=_port(environ, "GEZHI_SL651_PORT", 0),
            hj212_port=_port(environ, "GEZHI_HJ212_PORT", 0),
            metrics_port=_port(environ, "GEZHI_METRICS_PORT", 0),
            disks=environ.get("GEZHI_DISKS", ""),
            keep_days=_keep_days(environ),
            time_zone=environ.get("GEZHI_TIME_ZONE", "Asia/Shanghai"),
            city=environ.get("GEZHI_CITY", ""),
            mqtt_passwords=environ.get("GEZHI_MQTT_PASSWORDS", ""),
        )

    def environ(self) -> dict[str, str]:
        """Return the environment variables that give these settings again."""
        return {
            "DATABASE_URL": self.database_url,
            "MQTT_URL": self.mqtt_url,
            "GEZHI_MQTT_CLIENT_ID": self.mqtt_client_id,
            "GEZHI_MQTT_SHARE": self.mqtt_share,
            "GEZHI_API_HOST": self.api_host,
            "GEZHI_API_PORT": str(self.api_port),
            "GEZHI_NMEA_HOST": self.nmea_host,
            "GEZHI_NMEA_TCP_PORT": str(self.nmea_tcp_port),
            "GEZHI_NMEA_UDP_PORT": str(self.nmea_udp_port),
            "GEZHI_JT808_HOST": self.jt808_host,
            "GEZHI_JT808_TCP_PORT": str(self.jt808_tcp_port),
            "GEZHI_JT808_UDP_PORT": str(self.jt808_udp_port),
            "GEZHI_STATION_HOST": self.station_host,
            "GEZHI_SL651_PORT": str(self.sl651_port),
            "GEZHI_HJ212_PORT": str(self.hj212_port),
            "GEZHI_METRICS_PORT": str(self.metrics_port),
            "GEZHI_DISKS": self.disks,
            "GEZHI_KEEP_DAYS": self.keep_days,
            "GEZHI_TIME_ZONE": self.time_zone,
            "GEZHI_CITY": self.city,
            "GEZHI_MQTT_PASSWORDS": self.mqtt_passwords,
        }

    def needs_database(self) -> str:
        """Return the database's address.

        Raises:
            SettingError: If there is none.
        """
        if not self.database_url:
            raise SettingError(
                "DATABASE_URL",
                "is not set; this process needs a database. `gezhi up` starts a "
                "private one and everything that goes with it",
            )
        return self.database_url

    def needs_broker(self) -> str:
        """Return the broker's address.

        Raises:
            SettingError: If there is none.
        """
        if not self.mqtt_url:
            raise SettingError(
                "MQTT_URL",
                "is not set; this process needs a broker. `gezhi up` starts a "
                "private one and everything that goes with it",
            )
        return self.mqtt_url

    def watched_disks(self) -> list[Path]:
        """Return the directories whose disks are to be measured."""
        return [Path(place) for place in self.disks.split(":") if place]

    def policy(self) -> Policy:
        """Return how many days of what are kept."""
        return Policy.from_text(self.keep_days)

    def basemap(self) -> Path | None:
        """Return the GeoJSON the page draws below everything, if there is one."""
        if not self.city:
            return None
        path = Path(self.city) / "basemap.geojson"
        return path if path.exists() else None


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise SettingError(name, f"{text!r} is no port; give a number from 0 to 65535")
    return int(text)


def _keep_days(environ: Mapping[str, str]) -> str:
    text = environ.get("GEZHI_KEEP_DAYS", "")
    try:
        Policy.from_text(text)
    except PolicyError as error:
        raise SettingError("GEZHI_KEEP_DAYS", str(error)) from None
    return text
