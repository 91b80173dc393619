"""The ingest process: every wire in, committed, acknowledged."""

from gezhi.clock import utc_now
from gezhi.settings import Settings
from ingest.serve import serve
from ingest.settings import IngestSettings


async def run_ingest(settings: Settings) -> None:
    """Serve every wire until cancelled."""
    await serve(
        IngestSettings(
            database_url=settings.needs_database(),
            mqtt_url=settings.needs_broker(),
            mqtt_client_id=settings.mqtt_client_id,
            shared_group=settings.mqtt_share or None,
            nmea_host=settings.nmea_host,
            nmea_tcp_port=settings.nmea_tcp_port,
            nmea_udp_port=settings.nmea_udp_port,
            jt808_host=settings.jt808_host,
            jt808_tcp_port=settings.jt808_tcp_port or None,
            jt808_udp_port=settings.jt808_udp_port or None,
            station_host=settings.station_host,
            sl651_port=settings.sl651_port or None,
            hj212_port=settings.hj212_port or None,
            metrics_port=settings.metrics_port or None,
            disks=settings.watched_disks(),
        ),
        clock=utc_now,
    )
