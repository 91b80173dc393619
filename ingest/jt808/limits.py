"""How much one terminal, one address and all of them together may ask of us: pure.

Many terminals share an address, for mobile carriers put them behind one. So an address
may have many lines, but few whose callers have not yet proved who they are.
"""

from dataclasses import dataclass, field

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one listener.

    Attributes:
        lines: Open at once.
        lines_per_address: Open at once from one address.
        strangers_per_address: Of those, before they have proved who they are.
        login_s: How long a caller may take to prove who it is.
        idle_s: How long a terminal may go without a whole message.
        logins: Registrations and authentications on one line.
        faults: What is refused of a stranger before it is hung up on.
        resend_s: After how long missing sub-packages are asked for.
        resends: How often those of one message are.
        octets_per_s: Of one line in the long run; faster ones are read more slowly.
        burst: Octets of one line at once.
        address_octets_per_s: Of all lines of one address in the long run.
        address_burst: Octets of all lines of one address at once.
    """

    lines: int = 20_000
    lines_per_address: int = 2_000
    strangers_per_address: int = 200
    login_s: float = 60.0
    idle_s: float = 600.0
    logins: int = 10
    faults: int = 20
    resend_s: float = 10.0
    resends: int = 2
    octets_per_s: float = 32 * KIB
    burst: float = 512 * KIB
    address_octets_per_s: float = 2048 * KIB
    address_burst: float = 16_384 * KIB


class Bucket:
    """A measure of octets that fills with time."""

    def __init__(self, per_s: float, burst: float) -> None:
        """Begin full.

        Args:
            per_s: How fast it fills.
            burst: How much it holds.
        """
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at_s: float | None = None

    def take(self, octets: int, now_s: float) -> float:
        """Take octets out; return how long to wait until it is not overdrawn, s."""
        if self._at_s is not None:
            filled = self._left + (now_s - self._at_s) * self._per_s
            self._left = min(self._burst, filled)
        self._at_s = now_s
        self._left -= octets
        return max(0.0, -self._left / self._per_s)


@dataclass(slots=True)
class _Address:
    """What is open from one address."""

    bucket: Bucket
    lines: int = 0
    strangers: int = 0


@dataclass(slots=True)
class Doors:
    """Who may come in: counts lines by address.

    Attributes:
        limits: What is allowed.
        lines: Open now.
        turned_away: How many there was no room for, since the start.
    """

    limits: Limits
    lines: int = 0
    turned_away: int = 0
    _addresses: dict[str, _Address] = field(default_factory=dict)

    def enter(self, address: str) -> str:
        """Let a stranger in; return why not, or nothing if it is in."""
        limits = self.limits
        known = self._addresses.get(address)
        why_not = self._why_not(address)
        if why_not:
            self.turned_away += 1
            return why_not
        if known is None:
            bucket = Bucket(limits.address_octets_per_s, limits.address_burst)
            known = self._addresses[address] = _Address(bucket)
        self.lines += 1
        known.lines += 1
        known.strangers += 1
        return ""

    def prove(self, address: str) -> None:
        """Take note that a stranger has proved who it is."""
        self._addresses[address].strangers -= 1

    def unprove(self, address: str) -> None:
        """Take note that a terminal is a stranger again."""
        self._addresses[address].strangers += 1

    def leave(self, address: str, *, is_stranger: bool) -> None:
        """Take note that a line has closed."""
        known = self._addresses[address]
        self.lines -= 1
        known.lines -= 1
        known.strangers -= is_stranger
        if not known.lines:
            del self._addresses[address]

    def delay_s(self, address: str, octets: int, now_s: float) -> float:
        """Return how long to wait after so many octets from an address."""
        known = self._addresses.get(address)
        return known.bucket.take(octets, now_s) if known else 0.0

    def _why_not(self, address: str) -> str:
        limits, known = self.limits, self._addresses.get(address)
        if self.lines >= limits.lines:
            return f"{limits.lines} lines are open already"
        if known and known.lines >= limits.lines_per_address:
            return f"{known.lines} lines are open from {address} already"
        if known and known.strangers >= limits.strangers_per_address:
            return f"{known.strangers} of {address} have not said who they are yet"
        return ""
