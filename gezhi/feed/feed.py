"""Feed a recorded file through the broker, as a gateway would have sent it.

Rows go up in batches with QoS 1. How far the broker has acknowledged is kept on disk,
so a feed that was cut off goes on; feeding again adds nothing, because the store knows
what it has.
"""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bars

from gezhi.feed.file import FileFormError, row_count
from gezhi.feed.mapping import MappingError, parse_mapping
from gezhi.feed.progress import Progress, progress_of
from gezhi.feed.sending import BrokerAwayError, Fed, Feed, Kind, feed_file

SHOWN = 5
"""Rows that could not be fed are named up to this many, then counted."""


def run_feed(
    kind: Kind,
    file: Path,
    *,
    gateway: str,
    mapping: str,
    mqtt_url: str,
    state_dir: Path,
    batch_rows: int = 100,
    again: bool = False,
) -> int:
    """Feed a file and say on the terminal what became of it.

    Args:
        kind: As what its rows are fed.
        file: CSV or JSON lines, gzipped or not.
        gateway: Code of the gateway it speaks as.
        mapping: What its columns are; see `gezhi.feed.mapping`.
        mqtt_url: Broker and that gateway's account.
        state_dir: Where the place in the file is kept.
        batch_rows: Rows a message.
        again: Begin at the first row, whatever was acknowledged before.

    Returns:
        0 if all rows were fed, 1 if some could not be, 2 if the file or the mapping is
        wrong, 3 if the broker is away.
    """
    console = Console(stderr=True)
    try:
        feed = Feed(
            kind=kind,
            file=file,
            columns=parse_mapping(mapping),
            gateway=gateway,
            mqtt_url=mqtt_url,
            batch_rows=batch_rows,
        )
        place = progress_of(state_dir, file, gateway=gateway, mapping=mapping)
        if again:
            place.save(0)
        fed = _with_bar(feed, place, console)
    except BrokerAwayError as error:
        console.print(f"gezhi feed: {error}", style="red", highlight=False)
        return 3
    except (MappingError, FileFormError, OSError) as error:
        console.print(f"gezhi feed: {error}", style="red", highlight=False)
        return 2
    return _report(feed, fed, console)


def _with_bar(feed: Feed, place: Progress, console: Console) -> Fed:
    with Bars(console=console) as bars:
        bar = bars.add_task(feed.file.name, total=row_count(feed.file))
        return asyncio.run(
            feed_file(
                feed, place, on_rows=lambda rows: bars.update(bar, completed=rows)
            )
        )


def _report(feed: Feed, fed: Fed, console: Console) -> int:
    for line in fed.refused[:SHOWN]:
        console.print(line, style="yellow", highlight=False)
    if len(fed.refused) > SHOWN:
        console.print(f"and {len(fed.refused) - SHOWN} more", style="yellow")
    console.print(
        f"{feed.file.name}: {fed.sent} rows sent and acknowledged, "
        f"{len(fed.refused)} refused, {fed.rows} of the file done",
        highlight=False,
    )
    return 1 if fed.refused else 0
