"""`gezhi protocols`: what can be understood."""

from rich.console import Console
from rich.table import Table

from gezhi.decode.decode import protocol_names
from ingest.protocols.catalogue import WIRE_FORMATS


def run_protocols() -> int:
    """Print every wire format with its standard, and return the exit code."""
    table = Table(
        "name",
        "standard",
        "transport",
        "integrity",
        "hardware",
        box=None,
        pad_edge=False,
    )
    for wire in WIRE_FORMATS:
        name = f"{wire.name}…" if wire.name.endswith(":") else wire.name
        table.add_row(
            name, wire.standard, wire.transport, wire.integrity, wire.hardware
        )
    console = Console()
    console.print(table)
    for wire in WIRE_FORMATS:
        if wire.name.endswith(":"):
            members = [
                name.removeprefix(wire.name)
                for name in protocol_names()
                if name.startswith(wire.name)
            ]
            console.print(f"\n{wire.name} {', '.join(members)}", highlight=False)
    return 0
