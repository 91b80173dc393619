"""Where the broker is and who we are to it, from a URL: pure."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and who we are to it.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: Our account; None for none.
        password: Its password; None for none.
        has_tls: Whether to speak TLS.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    has_tls: bool

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return what `mqtt[s]://[user[:password]@]host[:port]` says.

        Raises:
            ValueError: If it is no such URL; the message does not show the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "a broker's URL is mqtt://user:password@host:port, or mqtts://"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            has_tls=parts.scheme == "mqtts",
        )
