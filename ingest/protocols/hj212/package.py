"""One package of HJ 212-2017: its segment's fields and its data (6.3.2, 6.3.3).

Layout::

    QN=…;ST=…;CN=…;PW=…;MN=…;Flag=…;[PNUM=…;PNO=…;]CP=&&item;item;…&&
    item = field=value[,field=value…]

- QN: time to the millisecond, names the exchange; ST: kind of system; CN: command
- PW: password; MN: the device; PNUM, PNO: total and number of packets
- Flag: bit 0 an answer is wanted, bit 1 packets are numbered, bits 2 to 7 the version
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from ingest.protocols.errors import ProtocolError
from vocabulary.refusal import Reason

VERSION = 1 << 2
"""Flag of this version of the standard, no answer wanted."""

ANSWER = 1
"""Flag: an answer is wanted."""

NUMBERED = 2
"""Flag: PNUM and PNO are there."""

MAX_ITEMS = 1024
"""Most items of one package; a segment of the standard has room for some forty."""

_DATA = re.compile(r"(.*?)CP=&&(.*)&&", re.DOTALL)
_FORMS = {
    "MN": re.compile(r"[0-9A-Za-z._-]{1,32}"),  # 24 by the standard
    "CN": re.compile(r"[0-9]{4}"),
    "ST": re.compile(r"[0-9A-Za-z]{0,4}"),
    "PW": re.compile(r"[ -~]{0,32}"),
    "QN": re.compile(r"(?:[0-9]{17})?"),
    "Flag": re.compile(r"[0-9]{0,3}"),
}


class Command(IntEnum):
    """What a package is (6.6.5, table 9), where we need to know."""

    CLOCK_REQUEST = 1013  # 现场机时间校准请求
    REAL_TIME = 2011  # 污染物实时数据
    DAY = 2031  # 污染物日数据
    MINUTE = 2051  # 污染物分钟数据
    HOUR = 2061  # 污染物小时数据
    REQUEST_ANSWER = 9011  # 请求应答
    RESULT = 9012  # 执行结果
    NOTICE_ANSWER = 9013  # 通知应答
    DATA_ANSWER = 9014  # 数据应答


@dataclass(frozen=True, slots=True)
class Item:
    """What is said of one thing: fields and values in their order."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package.

    Attributes:
        qn: Seventeen digits; empty if not sent.
        system: ST, two characters; empty if not sent.
        command: CN, see `Command`.
        password: PW.
        device: MN.
        flag: None if not sent, as before 2017.
        numbering: PNUM and PNO as they came; empty where packets are not numbered.
        items: The data.
        errors: Parts of the data that could not be read; the others count.
    """

    qn: str
    system: str
    command: int
    password: str
    device: str
    flag: int | None
    numbering: tuple[str, str] | tuple[()] = ()
    items: tuple[Item, ...]
    errors: tuple[ProtocolError, ...] = ()

    @property
    def wants_answer(self) -> bool:
        """Whether it asks for one, and says what to answer to."""
        return self.flag is not None and bool(self.flag & ANSWER) and self.qn != ""


def decode_segment(segment: bytes) -> Package:
    """Read a segment.

    Raises:
        ProtocolError: If it has no data part, no command or no device.
    """
    # Logs may hold Chinese, by the standard in UTF-8, in truth in anything.
    text = segment.decode("utf-8", "backslashreplace")
    match = _DATA.fullmatch(text)
    if match is None:
        detail = "the segment has no CP=&&…&& at its end"
        raise ProtocolError(Reason.BAD_FRAME, detail, segment)
    fields = dict(part.partition("=")[::2] for part in match[1].split(";") if part)
    for name, form in _FORMS.items():
        if not form.fullmatch(fields.get(name, "")):
            detail = f"{name}={fields.get(name, '')!r}; it must match {form.pattern}"
            raise ProtocolError(Reason.BAD_FIELD, detail, segment)
    items, errors = _data(match[2])
    is_numbered = {"PNUM", "PNO"} <= fields.keys()
    return Package(
        qn=fields.get("QN", ""),
        system=fields.get("ST", ""),
        command=int(fields["CN"]),
        password=fields.get("PW", ""),
        device=fields["MN"],
        flag=int(fields["Flag"]) if fields.get("Flag") else None,
        numbering=(fields["PNUM"], fields["PNO"]) if is_numbered else (),
        items=items,
        errors=errors,
    )


def encode_segment(package: Package) -> bytes:
    """Write a segment; the inverse of `decode_segment` where nothing was refused."""
    fields = {
        "QN": package.qn,
        "ST": package.system,
        "CN": str(package.command),
        "PW": package.password,
        "MN": package.device,
        "Flag": "" if package.flag is None else str(package.flag),
        **dict(zip(("PNUM", "PNO"), package.numbering, strict=False)),
    }
    head = "".join(f"{name}={value};" for name, value in fields.items() if value)
    items = (
        ",".join(f"{name}={value}" for name, value in item.pairs)
        for item in package.items
    )
    return f"{head}CP=&&{';'.join(items)}&&".encode()


def _data(text: str) -> tuple[tuple[Item, ...], tuple[ProtocolError, ...]]:
    items: list[Item] = []
    errors: list[ProtocolError] = []
    parts = [part for part in text.split(";") if part.strip()]
    for part in parts[:MAX_ITEMS]:
        pairs = [pair.partition("=") for pair in part.split(",")]
        if all(name and equals for name, equals, _ in pairs):
            items.append(Item(tuple((name.strip(), to) for name, _, to in pairs)))
        else:
            detail = f"{part!r} is not field=value[,field=value…]"
            errors.append(ProtocolError(Reason.BAD_FIELD, detail, part.encode()))
    if len(parts) > MAX_ITEMS:
        detail = f"{len(parts)} items; the first {MAX_ITEMS} count"
        errors.append(ProtocolError(Reason.TOO_LONG, detail, text.encode()))
    return tuple(items), tuple(errors)
