"""How a gateway is read from its line: who is polled where, and who speaks what."""

from devices.registry.fields import Fields
from store.registry.rows import GatewayRow
from vocabulary.broker_user import INGEST, RIGHT, is_user_name
from vocabulary.device import Format, Transport
from vocabulary.serial_line import is_serial_device, serial_line

OWN_PORT = (Transport.NMEA, "port")
"""Where we listen for the one transport whose callers may not name themselves."""


def gateway(fields: Fields, _county: str) -> GatewayRow:
    """Read one gateway; host and port belong to those we poll."""
    transport = fields.choice("transport", Transport)
    host = fields.text_or("host")
    port = int(fields.number_or_none("port", 1, 65_535) or 0)
    _check_reach(fields, transport, host=host, has_port=bool(port))
    format_, native_topics = _format(fields, transport)
    code = fields.code("code")
    if code and transport == Transport.MQTT and not is_user_name(code):
        taken = f"is ingest's own; take another: {RIGHT}"
        wrong = f"cannot be its user name on the broker: {RIGHT}"
        fields.refuse("code", f"{code!r} {taken if code == INGEST else wrong}")
    return GatewayRow(
        code=code,
        transport=transport,
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        host=host,
        port=port,
        simulated=fields.flag("simulated"),
        format=format_,
        native_topics=native_topics,
        line=_line(fields, transport),
    )


def _check_reach(fields: Fields, transport: str, *, host: str, has_port: bool) -> None:
    """Check that host and port are there for whom we poll.

    Of those that call us only NMEA has a port: one of its own that we listen at, for
    receivers that say nothing of themselves.
    """
    over_tcp = transport in {Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP}
    serial = transport == Transport.MODBUS_RTU
    for column, given, polled in (
        ("host", bool(host), over_tcp or serial),
        ("port", has_port, over_tcp),
    ):
        if polled and not given:
            fields.refuse(column, f"is empty; a {transport} gateway is polled there")
        if given and serial and not polled:
            fields.refuse(column, "a serial line has none; leave it empty")
        elif given and not polled and transport and (transport, column) != OWN_PORT:
            fields.refuse(column, f"a {transport} gateway calls us; leave it empty")
    if serial and host and not is_serial_device(host):
        fields.refuse("host", f"{host!r} is no serial device such as /dev/ttyS0")


def _line(fields: Fields, transport: str) -> str:
    """Return how a serial line is set; other gateways have none."""
    text = " ".join(fields.text_or("line").split())
    if transport != Transport.MODBUS_RTU:
        if text:
            fields.refuse("line", f"is for modbus_rtu; a {transport} gateway has none")
        return ""
    try:
        serial_line(text)
    except ValueError as error:
        fields.refuse("line", str(error))
    return text


def _format(fields: Fields, transport: str) -> tuple[str, bool]:
    """Return what a gateway speaks over MQTT, and whether on that format's topics."""
    format_ = Format.GEZHI.value
    if fields.text_or("format"):
        format_ = fields.choice("format", Format)
    if format_ != Format.GEZHI and transport != Transport.MQTT:
        fields.refuse("format", f"is for mqtt gateways; a {transport} one has none")
    native_topics = fields.flag("native_topics")
    if native_topics and format_ in {Format.GEZHI, Format.SENML}:
        fields.refuse("native_topics", f"{format_} has no topics but ours")
    return format_, native_topics
