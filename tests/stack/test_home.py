from pathlib import Path

import pytest

from gezhi.stack.home import (
    ROOTS_HOME,
    Home,
    HomeInUseError,
    claim,
    home_path,
    open_home,
)


def test_the_state_directory_is_where_the_operator_says() -> None:
    chosen = {"GEZHI_HOME": "/srv/gezhi", "XDG_STATE_HOME": "/elsewhere"}
    assert home_path(chosen, is_root=True) == Path("/srv/gezhi")
    assert home_path(chosen, is_root=False) == Path("/srv/gezhi")


def test_the_state_directory_of_a_person_follows_the_xdg_specification() -> None:
    mine = {"HOME": "/home/li"}
    assert home_path(mine, is_root=False) == Path("/home/li/.local/state/gezhi")
    named = mine | {"XDG_STATE_HOME": "/state"}
    assert home_path(named, is_root=False) == Path("/state/gezhi")
    relative = mine | {"XDG_STATE_HOME": "state"}
    assert home_path(relative, is_root=False) == Path("/home/li/.local/state/gezhi")


def test_the_state_directory_of_root_is_open_to_the_databases_user() -> None:
    assert home_path({"HOME": "/root"}, is_root=True) == ROOTS_HOME


def test_only_the_owner_reads_secrets_and_logs(tmp_path: Path) -> None:
    home = open_home(tmp_path / "a" / "b")
    assert home.secrets.stat().st_mode & 0o777 == 0o700
    assert home.log.stat().st_mode & 0o777 == 0o700
    assert open_home(home.root) == home


def test_a_state_directory_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with claim(home), pytest.raises(HomeInUseError), claim(home):
        pass
    with claim(home):
        pass
