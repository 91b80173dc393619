import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gezhi.stack.home import Home

SCRIPTS = Path(__file__).parents[2] / "scripts"

DEB822 = """\
# the machine's own
Types: deb
# an address that is not in use
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

WANTED = """\
Types: deb-src
Uris: https://mirror.example/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

INLINE_KEY = """\
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""


def other_suite(*sources: Path) -> tuple[int, str]:
    program = str(SCRIPTS / "other-suite")
    command = [program, "bookworm", "trixie", *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def source(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_another_suite_is_reached_through_the_machines_own_entry(
    tmp_path: Path,
) -> None:
    assert other_suite(source(tmp_path, "debian.sources", DEB822)) == (0, WANTED)


def test_one_line_entries_are_understood(tmp_path: Path) -> None:
    key = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
    lines = (
        "# deb http://old.example/debian bookworm main\n"
        "deb http://vendor.example/apt bookworm main\n"
        f"deb [arch=amd64 {key}] https://mirror.example/debian bookworm main # ours\n"
    )
    assert other_suite(source(tmp_path, "debian.list", lines)) == (0, WANTED)


def test_a_key_written_into_the_entry_is_kept(tmp_path: Path) -> None:
    code, entry = other_suite(source(tmp_path, "debian.sources", INLINE_KEY))
    assert code == 0
    assert entry.partition("Signed-By:")[2].split("\n", 1)[1] == "\n".join(
        [*INLINE_KEY.splitlines()[5:], ""]
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        DEB822.replace("bookworm ", "sid "),
        INLINE_KEY + "Enabled: no\n",
        INLINE_KEY.replace("deb deb-src", "deb-src"),
    ],
)
def test_without_an_entry_of_this_suite_there_is_none(
    tmp_path: Path, text: str
) -> None:
    assert other_suite(source(tmp_path, "a.sources", text), tmp_path / "gone") == (
        1,
        "",
    )


def install_system(root: Path, *arguments: str, path: str) -> str:
    """Run it as somebody who may not install anything; return what it says."""
    if not (root / "scripts").exists():
        shutil.copytree(SCRIPTS, root / "scripts")
        root.chmod(0o777)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = [str(root / "scripts" / "install-system"), *arguments]
    done = subprocess.run(
        [*as_nobody, *command] if os.geteuid() == 0 else command,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_without_root_it_names_each_piece_and_succeeds(home: Home) -> None:
    said = install_system(home.root, "--test", path=os.defpath)
    for piece in ("postgresql", "timescaledb", "mosquitto", "chromium", "font"):
        lines = [line for line in said.splitlines() if line.split()[0] == piece]
        assert len(lines) == 1


def test_the_second_time_it_only_looks_at_its_stamp(home: Home) -> None:
    stamp = home.root / ".stamps" / "system"
    install_system(home.root, path=os.defpath)
    if not stamp.exists():
        pytest.skip("not all pieces are on this machine")
    assert "system       ready" in install_system(home.root, path=os.defpath)
    # A piece that vanishes makes the stamp worth nothing.
    stamp.write_text(stamp.read_text() + "/nowhere/piece\n")
    assert "postgresql" in install_system(home.root, path=os.defpath)
