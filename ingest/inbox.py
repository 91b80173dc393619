"""Between the edges and the intake."""

import asyncio
from typing import TypeAlias

from ingest.arrival import Arrival, EdgeChange

Inbox: TypeAlias = asyncio.Queue[Arrival | EdgeChange]
"""What edges put and the intake takes; bounded: a slow store slows the reading."""
