from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gezhi.stack.secrets import secret, write_private


def test_a_secret_is_made_once_and_read_back(tmp_path: Path) -> None:
    made = secret(tmp_path, "one")
    assert len(made) == 32
    assert secret(tmp_path, "one") == made
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_no_two_secrets_are_alike(tmp_path: Path) -> None:
    assert len({secret(tmp_path, f"number-{n}") for n in range(50)}) == 50


def test_only_the_owner_reads_a_secret(tmp_path: Path) -> None:
    secret(tmp_path, "one")
    write_private(tmp_path / "two", "text")
    for name in ("one", "two"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_callers_at_the_same_moment_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: secret(tmp_path, "one"), range(64)))
    assert len(made) == 1


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "file", "a long first text")
    write_private(tmp_path / "file", "short")
    assert (tmp_path / "file").read_text() == "short"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
