"""LoRaWAN payloads: one file a maker, one table a model. Nothing here does I/O.

A network server (`chirpstack`, `ttn`) passes on octets whose meaning only the maker
tells. A device's profile names the codec: `em310-tilt`, `ldds75`, `elsys`,
`dl-pr26:pmin=0,pmax=4`. LoRaWAN's own integrity check was done by the server.
"""

from functools import lru_cache

from ingest.protocols.lorawan import decentlab, dragino, milesight
from ingest.protocols.lorawan.elsys import Elsys
from ingest.protocols.lorawan.explained import (
    MAX_PAYLOAD,
    Explained,
    PayloadCodec,
    Sample,
)

__all__ = [
    "MAX_PAYLOAD",
    "Explained",
    "PayloadCodec",
    "Sample",
    "UnknownPayloadCodecError",
    "payload_codec",
    "payload_codec_names",
]

_CODECS: dict[str, PayloadCodec] = {
    **milesight.CODECS,
    **dragino.CODECS,
    "elsys": Elsys(),
}


class UnknownPayloadCodecError(LookupError):
    """There is no payload codec of that name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(payload_codec_names())
        super().__init__(f"no payload codec {name!r}; there are {known}")


@lru_cache(maxsize=256)  # profiles are few, and asked about with every frame
def payload_codec(name: str) -> PayloadCodec:
    """Return the codec of a model.

    Raises:
        UnknownPayloadCodecError: If there is no such codec.
    """
    if name in _CODECS:
        return _CODECS[name]
    try:
        return decentlab.decentlab(name)
    except LookupError as error:
        raise UnknownPayloadCodecError(name) from error


def payload_codec_names() -> list[str]:
    """Return the names of all codecs; Decentlab's may have parameters behind them."""
    return sorted([*_CODECS, *decentlab.MODELS])
