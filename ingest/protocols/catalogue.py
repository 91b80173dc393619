"""What can be understood: each wire format, its standard, how far it is trusted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One wire format.

    Attributes:
        name: What `gezhi decode` calls it; a family ends in a colon.
        standard: What describes it.
        transport: How it reaches us.
        integrity: What guards its octets; a format with none is trusted less.
        hardware: Which devices speak it.
    """

    name: str
    standard: str
    transport: str
    integrity: str
    hardware: str


_MQTT = "MQTT"
_TCP = "TCP"
_TCP_UDP = "TCP, UDP"
_BROKER = "TCP's; none of its own"

WIRE_FORMATS = (
    WireFormat("gezhi-json", "our own, docs/protocols.md", _MQTT, _BROKER, "gateways"),
    WireFormat(
        "gezhi-msgpack", "our own, docs/protocols.md", _MQTT, _BROKER, "gateways"
    ),
    WireFormat(
        "nmea0183",
        "NMEA 0183 / IEC 61162-1",
        _TCP_UDP,
        "XOR checksum, demanded",
        "GNSS receivers of vehicles, any talker",
    ),
    WireFormat(
        "jt808",
        "JT/T 808-2011, -2013, -2019",
        _TCP_UDP,
        "XOR check code",
        "vehicle terminals (车载终端)",
    ),
    WireFormat(
        "sl651",
        "SL 651-2014",
        _TCP,
        "CRC-16/MODBUS",
        "hydrological telemetry stations (水文遥测站)",
    ),
    WireFormat(
        "hj212",
        "HJ 212-2017",
        _TCP,
        "CRC-16 of its own",
        "outfall data loggers (数采仪)",
    ),
    WireFormat(
        "modbus:",
        "Modbus Application Protocol 1.1b3; register maps are data",
        "Modbus TCP, RTU over TCP, RTU on a serial line",
        "CRC-16 on RTU; TCP's on TCP",
        "street-light cabinets, pressure transmitters",
    ),
    WireFormat(
        "chirpstack4", "ChirpStack 4 events", _MQTT, "LoRaWAN MIC", "LoRaWAN devices"
    ),
    WireFormat(
        "chirpstack3", "ChirpStack 3 events", _MQTT, "LoRaWAN MIC", "LoRaWAN devices"
    ),
    WireFormat("ttn3", "The Things Stack 3", _MQTT, "LoRaWAN MIC", "LoRaWAN devices"),
    WireFormat(
        "lorawan:",
        "the makers' payload descriptions",
        "in an uplink of a network server",
        "LoRaWAN MIC, checked by the network server",
        "Milesight, Dragino, Decentlab, Elsys models",
    ),
    WireFormat("senml", "RFC 8428, JSON", _MQTT, _BROKER, "any"),
    WireFormat("senml-cbor", "RFC 8428, CBOR", _MQTT, _BROKER, "any"),
    WireFormat(
        "thingsboard", "ThingsBoard gateway API", _MQTT, _BROKER, "existing gateways"
    ),
    WireFormat(
        "sparkplug", "Sparkplug B 3.0", _MQTT, "sequence numbers", "industrial gateways"
    ),
)
"""Every format, in the order people meet them."""
