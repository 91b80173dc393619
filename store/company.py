"""What the connections of ingest workers are called in the database."""

WORKER = "gezhi-ingest"
"""Begins the application name of each worker's connections; its client id follows."""


def worker_name(client_id: str) -> str:
    """Return what a worker's connections are called; 63 octets of it count."""
    return f"{WORKER} {client_id}"
