"""What ChirpStack and The Things Stack have in common: EUIs, times, radio."""

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from ingest.protocols.errors import ProtocolError
from ingest.protocols.up_message import MAX_NAME, Number
from vocabulary.quantity import Quantity
from vocabulary.refusal import Reason

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Times before this are what servers write for "not known"."""

_EUI_HEX = re.compile(r"[0-9a-fA-F]{16}")
_EUI_OCTETS = 8


def eui_of(text: str) -> str:
    """Return an EUI-64 in our form; nothing where it is none.

    Args:
        text: 16 hexadecimal digits, or 8 octets in base64.
    """
    if _EUI_HEX.fullmatch(text):
        return text.lower()
    try:
        octets = b64decode(text, validate=True)
    except ValueError:
        return ""
    return octets.hex() if len(octets) == _EUI_OCTETS else ""


def named(eui: str, name: str, payload: bytes) -> str:
    """Return how a device is called: its DevEUI, else the server's name for it.

    Args:
        eui: DevEUI as the server writes it.
        name: The server's name for it.
        payload: The whole message.

    Raises:
        ProtocolError: If the message names nobody, or its name has no end.
    """
    device = eui_of(eui) or name
    if not device:
        detail = "the message names no device: neither DevEUI nor name"
        raise ProtocolError(Reason.BAD_FIELD, detail, payload)
    if len(device) > MAX_NAME:
        detail = f"{len(device)} characters; a name has at most {MAX_NAME}"
        raise ProtocolError(Reason.TOO_LONG, detail, payload)
    return device


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest time that can be one."""
    return min((at for at in times if at and at >= EARLIEST), default=None)


def heard_best(
    receptions: Iterable[tuple[float | None, float | None]],
) -> Mapping[str, Number]:
    """Return how well a frame was heard where it was heard best.

    Args:
        receptions: RSSI in dBm and SNR in dB of each gateway that heard it.
    """
    known = [(rssi, snr) for rssi, snr in receptions if rssi is not None]
    if not known:
        return {}
    rssi, snr = max(known, key=lambda pair: pair[0])
    extras: dict[str, Number] = {Quantity.RSSI_DBM.value: rssi}
    if snr is not None:
        extras[Quantity.SNR_DB.value] = snr
    return extras
