"""What can be told to which device: by its kind, and by what its gateway speaks. Pure.

    gateway                  device    may be told
    mqtt, our own format     lamp      switch, dim, programme, interval, native
    mqtt, ThingsBoard        cabinet   switch, programme, interval, native
                             vehicle   text, locate, interval, native
                             others    interval, native
    modbus                   lamp      switch, dim
                             cabinet   switch, programme
    jt808                    all       text, locate, interval, native
    others                   all       nothing

A device may still refuse: its register map may lack the point, its maker the word.
"""

from collections.abc import Mapping

from vocabulary.command import (
    Dim,
    Interval,
    Locate,
    Native,
    Order,
    Programme,
    Switch,
    Text,
)
from vocabulary.device import DeviceKind, Format, Transport

Orders = tuple[type[Order], ...]
"""Kinds of orders."""

_LAMP: Orders = (Switch, Dim, Programme)
_CABINET: Orders = (Switch, Programme)
_CAB: Orders = (Text, Locate)
_ANY: Orders = (Interval, Native)

_OVER_JSON: Mapping[DeviceKind, Orders] = {
    DeviceKind.LAMP: _LAMP + _ANY,
    DeviceKind.CABINET: _CABINET + _ANY,
    DeviceKind.VEHICLE: _CAB + _ANY,
}

_OVER_MODBUS: Mapping[DeviceKind, Orders] = {
    DeviceKind.LAMP: (Switch, Dim),
    DeviceKind.CABINET: _CABINET,
}

_MODBUS = frozenset(
    {Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP, Transport.MODBUS_RTU}
)

_JSON = frozenset({Format.GEZHI, Format.THINGSBOARD})


def abilities(kind: DeviceKind, transport: Transport, format_: Format) -> Orders:
    """Return the kinds of orders that a device may be told.

    Args:
        kind: The hardware it is.
        transport: How its gateway reaches us.
        format_: What that speaks over MQTT.
    """
    if transport is Transport.JT808:
        return _CAB + _ANY
    if transport in _MODBUS:
        return _OVER_MODBUS.get(kind, ())
    if transport is Transport.MQTT and format_ in _JSON:
        return _OVER_JSON.get(kind, _ANY)
    return ()


def words(orders: Orders) -> list[str]:
    """Return the words for some kinds of orders."""
    return [str(order.__struct_config__.tag) for order in orders]
