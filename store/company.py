"""Whether other ingest workers are connected to the same database."""

from store.connection import Connection

WORKER = "gezhi-ingest"
"""Begins the application name of each worker's connections; its client id follows."""

_OTHERS = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database()
      AND starts_with(application_name, $1)
      AND application_name <> current_setting('application_name')
)
"""


def worker_name(client_id: str) -> str:
    """Return what a worker's connections are called; 63 octets of it count."""
    return f"{WORKER} {client_id}"


async def has_company(connection: Connection) -> bool:
    """Return whether another worker is connected: its server would know if it died.

    Args:
        connection: One whose application name is `worker_name`.
    """
    return bool(await connection.fetchval(_OTHERS, WORKER + " "))
