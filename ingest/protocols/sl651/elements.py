"""The elements of SL 651 (annex C, table C.1) that our quantities have room for.

Others are kept under their guide in what `gezhi decode` shows, and are not stored.
Elements 1 to 8 are the same at up to eight intakes or outlets of one station; the
first is the station's own address, the n-th is the part `station/n` of it. A level is
one of two things: 水位 above the datum (39, 3A to 43), or 相对水位 above the base that
is set in the station (F5 to FC, 3.1.4), which for a gauge of ponding is the road.
"""

from dataclasses import dataclass
from enum import StrEnum

from vocabulary.quantity import Quantity

STATUS = 0x45
"""Guide of the station's state and alarms."""

STATUS_SIZE = 4
"""Its octets."""

RAIN_PACK = 0xF4
"""Guide of twelve sums of rain, 0.1 mm in an octet each; FF for none."""

LEVEL_PACKS = range(0xF5, 0xFD)
"""Guides of twelve relative levels, cm in two octets each; FFFF for none."""

TENTHS_MM = 0.1
"""Unit of `RAIN_PACK` in millimetres."""

CENTIMETRES = 0.01
"""Unit of `LEVEL_PACKS` in metres."""


class Meter(StrEnum):
    """The instrument whose fault a status bit reports."""

    LEVEL = "level"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """What an element is.

    Attributes:
        symbol: The standard's own, as ASCII frames write it.
        quantity: What we call it; its unit is the element's own.
        number: Which intake or outlet of the station, from 1.
        meter: The instrument it comes from, if a status bit tells of its faults.
    """

    symbol: str
    quantity: Quantity
    number: int = 1
    meter: Meter | None = None


def _numbered(
    first: int, symbol: str, quantity: Quantity, meter: Meter | None
) -> dict[int, ElementFacts]:
    return {
        first + n: ElementFacts(f"{symbol}{n + 1}", quantity, n + 1, meter)
        for n in range(8)
    }


ELEMENTS: dict[int, ElementFacts] = {
    0x02: ElementFacts("AI", Quantity.TEMPERATURE_C),  # 瞬时气温
    0x03: ElementFacts("C", Quantity.WATER_TEMPERATURE_C),  # 瞬时水温
    0x1A: ElementFacts("P1", Quantity.RAIN_MM),  # 1 小时时段降水量
    0x20: ElementFacts("PJ", Quantity.RAIN_DAY_MM),  # 当前降水量
    0x22: ElementFacts("PN05", Quantity.RAIN_5MIN_MM),  # 5 分钟时段降水量
    0x26: ElementFacts("PT", Quantity.RAIN_TOTAL_MM),  # 降水量累计值
    0x27: ElementFacts("Q", Quantity.FLOW_M3_S, meter=Meter.FLOW),  # 瞬时流量
    0x37: ElementFacts("VJ", Quantity.VELOCITY_M_S, meter=Meter.FLOW),  # 当前瞬时流速
    0x38: ElementFacts("VT", Quantity.BATTERY_V),  # 电源电压
    0x39: ElementFacts("Z", Quantity.LEVEL_M, meter=Meter.LEVEL),  # 瞬时河道水位
    0x3A: ElementFacts("ZB", Quantity.LEVEL_M, 2, Meter.LEVEL),  # 库(闸、站)下水位
    0x3B: ElementFacts("ZU", Quantity.LEVEL_M, 1, Meter.LEVEL),  # 库(闸、站)上水位
    0x46: ElementFacts("pH", Quantity.PH),
    0x47: ElementFacts("DO", Quantity.DISSOLVED_OXYGEN_MG_L),  # 溶解氧
    0x48: ElementFacts("COND", Quantity.CONDUCTIVITY_US_CM),  # 电导率
    0x49: ElementFacts("TURB", Quantity.TURBIDITY_NTU),  # 浊度; 1 度 is 1 NTU
    0x4C: ElementFacts("NH4N", Quantity.AMMONIA_MG_L),  # 氨氮
    0x4D: ElementFacts("TP", Quantity.TOTAL_PHOSPHORUS_MG_L),  # 总磷
    0x4E: ElementFacts("TN", Quantity.TOTAL_NITROGEN_MG_L),  # 总氮
    **_numbered(0x28, "Q", Quantity.FLOW_M3_S, Meter.FLOW),  # 取(排)水口流量
    **_numbered(0x3C, "Z", Quantity.LEVEL_M, Meter.LEVEL),  # 取(排)水口水位
    **_numbered(0x58, "WP", Quantity.PRESSURE_KPA, None),  # 水压
}
"""By guide: numbers in BCD."""

PACKS: dict[int, ElementFacts] = {
    RAIN_PACK: ElementFacts("DRP", Quantity.RAIN_5MIN_MM),
    **_numbered(LEVEL_PACKS[0], "DRZ", Quantity.RELATIVE_LEVEL_M, Meter.LEVEL),
}
"""By guide: twelve binary numbers, five minutes apart."""


@dataclass(frozen=True, slots=True)
class StatusBit:
    """One bit of the station's state (table 58) that is a reading.

    Attributes:
        bit: Which, from 0.
        quantity: The flag it sets.
        is_inverted: Whether the flag is 1 when the bit is 0.
    """

    bit: int
    quantity: Quantity
    is_inverted: bool = False


STATUS_BITS = (
    StatusBit(0, Quantity.MAINS_LOST),  # 交流电充电状态: 1 停电
    StatusBit(1, Quantity.BATTERY_LOW),  # 蓄电池电压状态: 1 电压低
    StatusBit(7, Quantity.CABINET_DOOR_OPEN, is_inverted=True),  # 终端箱门: 0 开启
)
"""Bits that become readings."""

FAULT_BITS = {5: Meter.FLOW, 6: Meter.LEVEL}
"""Bits that say that an instrument is broken: 流量仪表, 水位仪表."""
