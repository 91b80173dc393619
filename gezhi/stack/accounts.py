"""Who may use the broker: our ingest process and the gateways, each with a password.

The gateways let in are those for whom the directory of secrets has a `gateway-CODE`, so
they are the same after a restart.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from gezhi.stack.secrets import secret, write_private
from vocabulary.broker_user import is_user_name

_RIGHT = re.compile(r"(read|write) [^\s]+")

PREFIX = "gateway-"
"""How the name of a gateway's secret begins."""


Rights: TypeAlias = Mapping[str, Sequence[str]]
"""Topics that a gateway may use beside ours, each `write FILTER` or `read FILTER`, by
gateway code. They are kept in the directory of secrets as `topics.json`."""

NO_RIGHTS: Rights = {}
"""Every gateway keeps to our topics."""

_RIGHTS = "topics.json"


class TakesGateways(Protocol):
    """A broker whose gateways can be set: `Broker` or `SharedBroker`."""

    async def set_gateways(
        self, passwords: Mapping[str, str], rights: Rights = NO_RIGHTS
    ) -> None:
        """Let these gateways in and no others, on our topics and on these."""


def gateways_in(secrets: Path) -> dict[str, str]:
    """Return the gateways let in, as passwords by code."""
    names = sorted(path.name for path in secrets.glob(f"{PREFIX}*"))
    return {name.removeprefix(PREFIX): secret(secrets, name) for name in names}


def keep_gateways(secrets: Path, passwords: Mapping[str, str]) -> None:
    """Let these gateways in and no others.

    Args:
        secrets: The directory of secrets.
        passwords: By gateway code, which is the user name.

    Raises:
        ValueError: If a code is not fit to be a user name; nothing is changed then.
    """
    wanted = {_path(secrets, code): word for code, word in passwords.items()}
    kept = {_path(secrets, code): word for code, word in gateways_in(secrets).items()}
    for path in kept.keys() - wanted.keys():
        path.unlink(missing_ok=True)
    for path, password in wanted.items() - kept.items():
        write_private(path, password + "\n")


def rights_in(secrets: Path) -> dict[str, list[str]]:
    """Return the topics that gateways may use beside ours."""
    try:
        text = (secrets / _RIGHTS).read_text("utf-8")
    except FileNotFoundError:
        return {}
    return {
        str(code): [str(right) for right in rights]
        for code, rights in json.loads(text).items()
    }


def keep_rights(secrets: Path, rights: Rights) -> None:
    """Let gateways use these topics beside ours.

    Raises:
        ValueError: If a right is not fit for an access list; nothing is changed then.
    """
    for right in (right for mine in rights.values() for right in mine):
        if not _RIGHT.fullmatch(right):
            raise ValueError(f"{right!r} is no right: write FILTER, or read FILTER")
    kept = {code: list(mine) for code, mine in sorted(rights.items()) if mine}
    write_private(secrets / _RIGHTS, json.dumps(kept, indent=1) + "\n")


def new_gateway(secrets: Path, code: str) -> str:
    """Return a gateway's password, making one if it has none.

    Raises:
        ValueError: If the code is not fit to be a user name.
    """
    return secret(secrets, _path(secrets, code).name)


def _path(secrets: Path, code: str) -> Path:
    if not is_user_name(code):
        raise ValueError(f"{code!r} cannot be a gateway's user name on the broker")
    return secrets / f"{PREFIX}{code}"
