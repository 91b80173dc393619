"""A cabinet's switching programme in registers.

No standard has one, so this layout is ours. It is made so that a programme that was cut
off half way can never govern a street:

- Entries, three registers each, go to a table that governs nothing yet.
- Then count and CRC-16 of the entries are written together, in one request. The device
  compares them with its table; if they are right, the table comes into force as a
  whole, else it answers exception 3 and the old programme goes on.
- What is in force says its own count and CRC, which is what proves the upload.

An entry::

    days      bit 0 Monday … bit 6 Sunday
    minute    of the day, local time of the device, 0..1439
    level     percent; at 0 the contactor opens

The CRC is that of Modbus over the entries' octets as they go over the wire; no entries
have 0xFFFF.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.protocols.crc16 import modbus_crc16

ENTRY_WORDS = 3
"""Registers of one entry."""

EVERY_DAY = 0b111_1111
"""Monday to Sunday."""

MINUTES_A_DAY = 1440
"""Minutes count from 0 at midnight."""

FULL_PCT = 100
"""Brightest level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """One entry of a programme: from this minute on, this level.

    Attributes:
        minute: Of the day, local time, 0 to 1439.
        level_pct: 0 to 100; 0 is off.
        days: On which days: bit 0 Monday to bit 6 Sunday.
    """

    minute: int
    level_pct: int
    days: int = EVERY_DAY

    def faults(self) -> list[str]:
        """Say what is wrong with it; nothing if it can be used."""
        faults = []
        if not 0 <= self.minute < MINUTES_A_DAY:
            faults.append(f"minute {self.minute} is not in 0..{MINUTES_A_DAY - 1}")
        if not 0 <= self.level_pct <= FULL_PCT:
            faults.append(f"level {self.level_pct} % is not in 0..{FULL_PCT}")
        if not 1 <= self.days <= EVERY_DAY:
            faults.append(f"days {self.days} are not in 1..{EVERY_DAY}")
        return faults


def words_of(programme: Iterable[Switching]) -> list[int]:
    """Return the registers of a programme, entry by entry."""
    return [
        word
        for entry in programme
        for word in (entry.days, entry.minute, entry.level_pct)
    ]


def programme_in(words: Sequence[int]) -> tuple[Switching, ...]:
    """Return the programme that registers hold; the inverse of `words_of`.

    Raises:
        ValueError: If they hold none.
    """
    if len(words) % ENTRY_WORDS:
        raise ValueError(f"{len(words)} registers are no whole entries")
    programme = tuple(
        Switching(days=words[at], minute=words[at + 1], level_pct=words[at + 2])
        for at in range(0, len(words), ENTRY_WORDS)
    )
    if faults := [fault for entry in programme for fault in entry.faults()]:
        raise ValueError("; ".join(faults))
    return programme


def seal_of(words: Sequence[int]) -> tuple[int, int]:
    """Return count and CRC of a programme's registers, as they are committed."""
    octets = b"".join(word.to_bytes(2, "big") for word in words)
    return len(words) // ENTRY_WORDS, modbus_crc16(octets)
