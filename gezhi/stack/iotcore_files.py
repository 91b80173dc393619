"""What the `iotcore` wheel's broker (rumqttd) reads, as text."""

from collections.abc import Mapping

from gezhi.stack.loopback import LOOPBACK
from gezhi.stack.mosquitto_files import MAX_PACKET_BYTES


def settings(port_v5: int, port_v311: int, passwords: Mapping[str, str]) -> str:
    """Return rumqttd's TOML: the loopback only, a password for every user.

    It has no access lists: any user may publish on any topic. Each version of MQTT has
    a port of its own.
    """
    return f"""\
# Written anew at every start.
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
{_listener("v4", port_v311, passwords)}{_listener("v5", port_v5, passwords)}"""


def _listener(version: str, port: int, passwords: Mapping[str, str]) -> str:
    users = "".join(f'"{user}" = "{word}"\n' for user, word in passwords.items())
    return f"""
[{version}.1]
name = "{version}"
listen = "{LOOPBACK}:{port}"
next_connection_delay_ms = 1

[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PACKET_BYTES}
max_inflight_count = 500
dynamic_filters = true

[{version}.1.connections.auth]
{users}"""
