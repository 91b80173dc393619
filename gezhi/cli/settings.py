"""The settings of a command, or a clear word on what is wrong with them."""

import os
from collections.abc import Callable, Mapping

import typer

from gezhi.settings import SettingError, Settings


def settings_or_exit(*, beside: bool = False) -> Settings:
    """Read the environment, or say what is wrong with it and exit with 2.

    Args:
        beside: Fall back on the platform that runs on the state directory.
    """
    environ: Mapping[str, str] = os.environ
    if beside:
        from gezhi.processes.running_platform import with_running
        from gezhi.stack.home import Home, home_path

        root = home_path(os.environ, is_root=os.geteuid() == 0)
        environ = with_running(os.environ, Home(root))
    try:
        return Settings.from_environ(environ)
    except SettingError as error:
        complain(str(error))
        raise typer.Exit(2) from None


def complain(sentence: str) -> None:
    """Say on standard error what went wrong."""
    typer.echo(f"gezhi: {sentence}", err=True)


def needed(settings: Settings, need: Callable[[Settings], str]) -> str:
    """Return what a setting says, or say what it lacks and exit with 2."""
    try:
        return need(settings)
    except SettingError as error:
        complain(str(error))
        raise typer.Exit(2) from None
