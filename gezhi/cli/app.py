"""The commands. Each imports what it needs when it runs, so that help is instant."""

import logging
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gezhi.cli.backtest import backtest
from gezhi.cli.command import command
from gezhi.cli.explain import explain, replay
from gezhi.cli.quarantine import quarantine
from gezhi.cli.retention import retention
from gezhi.cli.rules import rules
from gezhi.cli.score import score
from gezhi.cli.settings import complain, needed, settings_or_exit
from gezhi.cli.token import token
from gezhi.cli.triage import triage
from gezhi.cli.window import window
from gezhi.settings import SettingError, Settings

app = typer.Typer(
    name="gezhi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Gezhi 格知: what a city's covers, lamps, pipes, gauges and vehicles say, "
    "kept, judged, and filed as cases (案卷) on the unit grid.",
)
app.add_typer(token, name="token")
app.add_typer(quarantine, name="quarantine")
app.add_typer(rules, name="rules")
app.add_typer(command, name="command")
app.add_typer(triage, name="triage")
app.add_typer(window, name="window")
app.add_typer(retention, name="retention")
app.command()(backtest)
app.command()(explain)
app.command()(replay)
app.command()(score)


@app.command()
def up() -> None:
    """Run the whole platform on this machine until Ctrl-C."""
    from gezhi.processes.until_told import run_until_told
    from gezhi.up import up as run

    run_until_told(run(settings_or_exit()), level=logging.WARNING)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Same seed, same city, same day.")] = 7,
    *,
    keep: Annotated[
        bool, typer.Option(help="Go on with the last demo's data instead of anew.")
    ] = False,
) -> None:
    """Show the whole platform on a simulated city, in this terminal."""
    from gezhi.demo import demo as run
    from gezhi.processes.until_told import run_until_told

    run_until_told(run(settings_or_exit(), seed=seed, keep=keep), level=logging.WARNING)


@app.command()
def ingest() -> None:
    """Run one ingest worker: every wire in, committed, acknowledged."""
    from gezhi.processes.ingest import run_ingest
    from gezhi.processes.until_told import run_until_told

    _run_process(lambda settings: run_until_told(run_ingest(settings)))


@app.command()
def gateway(
    plan: Annotated[
        Path, typer.Argument(help="TOML: what to poll and where to listen.")
    ],
    state: Annotated[Path, typer.Option(help="Directory of the queue.")] = Path(
        "gateway-state"
    ),
    queue_mb: Annotated[
        int, typer.Option(min=1, help="Megabytes that may wait for the broker.")
    ] = 512,
    backlog_per_s: Annotated[
        float, typer.Option(min=0.1, help="Messages of a backlog sent each second.")
    ] = 50,
    live_s: Annotated[
        float, typer.Option(min=0, help="What is no older than that is no backlog.")
    ] = 60,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Read the plan and do nothing.")
    ] = False,
) -> None:
    """Hear devices near by without a database; keep and pass on what they say."""
    from gezhi.commands.gateway import check_plan, made, run_gateway
    from gezhi.processes.until_told import run_until_told
    from ingest.forwarding.plan import PlanError
    from ingest.forwarding.pump import Pace
    from ingest.forwarding.queue_file import QueueInUseError

    try:
        check_plan(plan)
        if check:
            return
        _run_process(
            lambda settings: run_until_told(
                run_gateway(
                    settings,
                    plan,
                    state=made(state),
                    queue_mb=queue_mb,
                    pace=Pace(live_s=live_s, backlog_per_s=backlog_per_s),
                )
            )
        )
    except PlanError as error:
        for problem in error.problems:
            complain(f"{plan}: {problem}")
        raise typer.Exit(2) from None
    except (OSError, QueueInUseError) as error:
        complain(str(error))
        raise typer.Exit(2) from None


@app.command()
def api() -> None:
    """Serve the API, the live stream and the page."""
    from gezhi.processes.api import ApiEndedError, run_api
    from gezhi.processes.until_told import run_until_told

    try:
        _run_process(lambda settings: run_until_told(run_api(settings)))
    except ApiEndedError as error:
        complain(str(error))
        sys.exit(1)


@app.command()
def simulate(
    city: Annotated[
        Path | None, typer.Argument(help="City folder; the sample city if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same octets.")] = 7,
    incidents: Annotated[
        str, typer.Option(help="`demo`, `none`, or a timetable file.")
    ] = "demo",
    truth: Annotated[
        Path | None, typer.Option(help="Write what truly happened here, JSON lines.")
    ] = None,
) -> None:
    """Play the city's hardware over its real wires."""
    from gezhi.processes.simulators import run_simulators
    from gezhi.processes.until_told import run_until_told

    _run_process(
        lambda settings: run_until_told(
            run_simulators(
                settings, city=city, seed=seed, incidents=incidents, truth=truth
            )
        )
    )


@app.command()
def migrate() -> None:
    """Bring the database to this release's schema, and install its rules."""
    import asyncio

    from gezhi.prepare import prepare

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    asyncio.run(prepare(dsn, typer.echo))


@app.command("import")
def import_city(
    folder: Annotated[Path, typer.Argument(help="Folder of CSV and GeoJSON files.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show, change nothing.")
    ] = False,
) -> None:
    """Read a city folder into the registry; safe to repeat."""
    from gezhi.clock import utc_now
    from gezhi.commands.import_city import run_import

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(run_import(folder, dsn, dry_run=dry_run, at=utc_now()))


@app.command()
def doctor() -> None:
    """Say what is installed, which edition, which ports, and how to mend it."""
    from gezhi.commands.doctor import run_doctor

    raise typer.Exit(run_doctor(settings_or_exit()))


@app.command()
def terminal(
    device: Annotated[str, typer.Argument(help="Code of the JT/T 808 device.")],
    command: Annotated[
        str,
        typer.Argument(
            help="text, position, parameters, set_parameters, geofence, drop_geofences."
        ),
    ],
    body: Annotated[str, typer.Argument(help="With what, a JSON object.")] = "{}",
    wait_s: Annotated[float, typer.Option(help="How long it may take.")] = 30.0,
) -> None:
    """Tell a vehicle's terminal to do something, and wait for its answer."""
    import asyncio

    from gezhi.commands.terminal_command import run_terminal_command

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    answer = run_terminal_command(dsn, device, command, body, wait_s=wait_s)
    raise typer.Exit(asyncio.run(answer))


@app.command()
def protocols() -> None:
    """List every wire format: its standard, how it travels, how far it is trusted."""
    from gezhi.decode.protocols import run_protocols

    raise typer.Exit(run_protocols())


@app.command()
def decode(
    protocol: Annotated[
        str, typer.Argument(help="nmea0183, gezhi-json, modbus:MAP, …")
    ],
    source: Annotated[
        Path, typer.Argument(metavar="[FILE|-]", help="Octets; - is standard input.")
    ] = Path("-"),
    *,
    hex_lines: Annotated[
        bool, typer.Option("--hex", help="The input is hex, one message a line.")
    ] = False,
    received_at: Annotated[
        str, typer.Option(help="When it was received, with a zone; now if left out.")
    ] = "",
) -> None:
    """Print one JSON line for each thing a codec makes of the octets."""
    from gezhi.decode.decode import run_decode

    raise typer.Exit(
        run_decode(protocol, source, hex_lines=hex_lines, received_at=received_at)
    )


class What(StrEnum):
    """What a recorded file holds."""

    POSITIONS = "positions"
    READINGS = "readings"


@app.command()
def feed(
    what: Annotated[What, typer.Argument(help="What the rows are.")],
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON, also .gz.")],
    gateway: Annotated[str, typer.Option(help="Code of the gateway to send as.")],
    mapping: Annotated[
        str,
        typer.Option(
            "--map",
            help="Which column is what: 'device=vehicle time=t zone=+08:00 lon=lon "
            "lat=lat', or a preset.",
        ),
    ] = "",
    *,
    again: Annotated[
        bool, typer.Option(help="Send all of it again instead of going on.")
    ] = False,
) -> None:
    """Send recorded data through the broker as a gateway would; resumable."""
    from gezhi.feed.feed import run_feed
    from gezhi.gateway_accounts import gateway_url

    settings = settings_or_exit(beside=True)
    url = needed(settings, lambda settings: gateway_url(settings, gateway))
    state = Path.home() / ".cache" / "gezhi" / "feed"
    raise typer.Exit(
        run_feed(
            what.value,
            file,
            gateway=gateway,
            mapping=mapping,
            mqtt_url=url,
            state_dir=state,
            again=again,
        )
    )


def _run_process(run: Callable[[Settings], None]) -> None:
    settings = settings_or_exit()
    try:
        run(settings)
    except SettingError as error:
        complain(str(error))
        sys.exit(2)
