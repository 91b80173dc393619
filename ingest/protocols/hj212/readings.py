"""What a package means: readings, in our units, with the device's own times.

2011 carries what was measured at one time (`-Rtd`): readings of the device itself.
2051, 2061 and 2031 carry averages (`-Avg`) over what begins at DataTime: another thing
than a reading at that time, so they are readings of the device's parts `MN/minute`,
`MN/hour` and `MN/day`, which a registry may have or not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212.clock import ClockError, time_from
from ingest.protocols.hj212.codes import CodeFacts, facts_of, quality_of
from ingest.protocols.hj212.package import Command, Package
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

DATA_TIME = "DataTime"
"""The field of the data's time."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,18})?")


@dataclass(frozen=True, slots=True)
class Telling:
    """Where a command's values are.

    Attributes:
        ending: Of the field that holds the value.
        part: Of the device's address.
    """

    ending: str
    part: str


TELLINGS: dict[int, Telling] = {
    Command.REAL_TIME: Telling("Rtd", ""),
    Command.MINUTE: Telling("Avg", "/minute"),
    Command.HOUR: Telling("Avg", "/hour"),
    Command.DAY: Telling("Avg", "/day"),
}
"""By command: those that carry readings."""


def readings_of(
    package: Package, zone: tzinfo = BEIJING
) -> list[Reading | ProtocolError]:
    """Return what a package says that we have quantities for, in its order.

    A value's own SampleTime, where it is sent, is when it was measured: analysers take
    hours, and repeat the last result meanwhile.

    Args:
        package: From a device.
        zone: Of the device's clock.
    """
    telling = TELLINGS.get(package.command)
    if telling is None:
        return []
    items: list[Reading | ProtocolError] = []
    data_time = _data_time(package)
    for value in _values(package, telling.ending):
        try:
            items.append(
                Reading(
                    device=package.device + telling.part,
                    quantity=value.facts.quantity,
                    measured_at=time_from(value.at or data_time, zone),
                    value=_number(value.text) * value.facts.factor,
                    quality=quality_of(value.flag),
                )
            )
        except ClockError as error:
            items.append(_refused(Reason.BAD_TIME, value, error))
        except ValueError as error:
            items.append(_refused(Reason.BAD_VALUE, value, error))
    return items


@dataclass(frozen=True, slots=True)
class _Value:
    """One value that we have a quantity for, as text.

    Attributes:
        code: What was measured.
        facts: What we know of the code.
        text: The number.
        at: Its own SampleTime; empty if not sent.
        flag: Its data flag; empty if not sent.
    """

    code: str
    facts: CodeFacts
    text: str
    at: str
    flag: str


def _values(package: Package, ending: str) -> Iterator[_Value]:
    for item in package.items:
        fields = dict(item.pairs)
        for name, text in item.pairs:
            code, _, what = name.partition("-")
            facts = facts_of(code)
            if facts is not None and what == ending and text.strip():
                at = fields.get(f"{code}-SampleTime", "")
                yield _Value(code, facts, text, at, fields.get(f"{code}-Flag", ""))


def _data_time(package: Package) -> str:
    for item in package.items:
        for name, text in item.pairs:
            if name == DATA_TIME:
                return text
    return ""


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no number")
    return float(text)


def _refused(reason: Reason, value: _Value, error: ValueError) -> ProtocolError:
    octets = f"{value.code}={value.text}".encode()
    return ProtocolError(reason, f"{value.code}: {error}", octets)
