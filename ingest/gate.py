"""How many connections a listener takes: in all, and from one address. Pure.

Whom it lets in it counts until they have left. Devices behind one carrier or one modem
share an address, so that one address may have many; what is full turns away the next
one and keeps who is there.
"""

from dataclasses import dataclass, field
from ipaddress import IPv6Address

_HOST_BITS = 64  # of an IPv6 address: one network can have any number of them


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """The limits of one edge, whatever number of ports it listens on.

    Attributes:
        lines: Open at once.
        lines_per_address: Open at once from one address.
        told_each_s: So often at most the log says who is turned away.
    """

    lines: int = 10_000
    lines_per_address: int = 1_000
    told_each_s: float = 60.0


@dataclass(slots=True)
class Gate:
    """Who is connected to one edge.

    Attributes:
        limits: What is allowed.
        lines: Open now.
        turned_away: How many there was no room for, since the start.
    """

    limits: GateLimits = field(default_factory=GateLimits)
    lines: int = 0
    turned_away: int = 0
    _of_address: dict[str, int] = field(default_factory=dict)
    _told: int = 0
    _told_at_s: float | None = None

    def enter(self, address: str) -> str:
        """Let one in; return why not, or nothing if it is in."""
        here, limits = self._of_address.get(address, 0), self.limits
        why_not = ""
        if self.lines >= limits.lines:
            why_not = f"{self.lines} connections are open already"
        elif here >= limits.lines_per_address:
            why_not = f"{here} connections are open from {address} already"
        if why_not:
            self.turned_away += 1
            return why_not
        self.lines += 1
        self._of_address[address] = here + 1
        return ""

    def leave(self, address: str) -> None:
        """Take note that one has left."""
        self.lines -= 1
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def untold(self, now_s: float) -> int:
        """Return how many were turned away that the log is to say; 0 if it just did.

        Args:
            now_s: Any clock that does not go back.
        """
        last_s = self._told_at_s
        if last_s is not None and now_s - last_s < self.limits.told_each_s:
            return 0
        count, self._told = self.turned_away - self._told, self.turned_away
        self._told_at_s = now_s
        return count


def address_of(name: str) -> str:
    """Return whom limits count together: an IPv4 address, or an IPv6 network of /64.

    Args:
        name: Address and port.
    """
    address = name.rpartition(":")[0]
    if ":" not in address:
        return address
    number = IPv6Address(address.partition("%")[0])
    if number.ipv4_mapped:
        return str(number.ipv4_mapped)
    return f"{IPv6Address(int(number) >> _HOST_BITS << _HOST_BITS)}/64"
