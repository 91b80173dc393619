import re
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "compose-env"


def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "scripts")
    return tmp_path


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command = [root / "scripts" / "compose-env"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_installation_gets_passwords_of_its_own(tmp_path: Path) -> None:
    roots = [checkout(tmp_path / name) for name in ("one", "two")]
    assert [run(root).returncode for root in roots] == [0, 0]
    words = [
        re.fullmatch(r"(\w+)=([\w-]{32})", line)
        for root in roots
        for line in (root / ".env").read_text().splitlines()
    ]
    assert [word[1] for word in words if word] == [
        "GEZHI_DATABASE_PASSWORD",
        "GEZHI_BROKER_PASSWORD",
    ] * 2
    assert len({word[2] for word in words if word}) == 4
    assert (roots[0] / ".env").stat().st_mode & 0o777 == 0o600


def test_passwords_in_use_are_never_replaced(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    (root / ".env").write_text("mine")
    assert run(root).returncode == 1
    assert (root / ".env").read_text() == "mine"
