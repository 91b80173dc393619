"""Who a gateway is on the MQTT broker: its code is its user name there. Pure."""

import re

INGEST = "gezhi-ingest"
"""The user our ingest process connects as."""

RIGHT = "1 to 64 letters, digits, '.', '_' and '-', a letter or digit first"
"""What a gateway's code must be, for people."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""It is also a level of topics and a line of access lists: no wildcards, no spaces."""


def is_user_name(code: str) -> bool:
    """Tell whether a gateway's code can be its user name; ingest's is taken."""
    return code != INGEST and _CODE.fullmatch(code) is not None
