"""Which codes of HJ 212 are our quantities (annex B, tables B.1 and B.2), and flags.

Other codes stay in what `gezhi decode` shows, and are not stored. The old numbers of
HJ/T 212-2005 stand beside the new ones in table B.1; devices still send them.
"""

from dataclasses import dataclass

from vocabulary.quality import Quality
from vocabulary.quantity import Quantity

LITRES = 0.001
"""A litre in cubic metres."""


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a code is.

    Attributes:
        quantity: What we call it.
        factor: Ours = theirs · factor.
    """

    quantity: Quantity
    factor: float = 1.0


CODES: dict[str, CodeFacts] = {
    "w00000": CodeFacts(Quantity.FLOW_M3_S, LITRES),  # 污水, 升/秒
    "w01001": CodeFacts(Quantity.PH),
    "w01003": CodeFacts(Quantity.TURBIDITY_NTU),  # 浑浊度, HJ 525
    "w01009": CodeFacts(Quantity.DISSOLVED_OXYGEN_MG_L),  # 溶解氧
    "w01010": CodeFacts(Quantity.WATER_TEMPERATURE_C),  # 水温
    "w01014": CodeFacts(Quantity.CONDUCTIVITY_US_CM),  # 电导率
    "w01018": CodeFacts(Quantity.COD_MG_L),  # 化学需氧量; 高锰酸盐指数 is another
    "w21001": CodeFacts(Quantity.TOTAL_NITROGEN_MG_L),  # 总氮
    "w21003": CodeFacts(Quantity.AMMONIA_MG_L),  # 氨氮
    "w21011": CodeFacts(Quantity.TOTAL_PHOSPHORUS_MG_L),  # 总磷
    "a01001": CodeFacts(Quantity.TEMPERATURE_C),  # 温度
}
"""By code, as HJ 525-2009 and HJ 524-2009 write them."""

OLD_CODES = {
    "B01": "w00000",
    "001": "w01001",
    "011": "w01018",
    "060": "w21003",
    "065": "w21001",
    "101": "w21011",
}
"""The numbers of 2005, and what they are now."""

FLAGS = {"N": Quality.GOOD, "T": Quality.OUT_OF_RANGE}
"""Data flags (table 8) that do not call the value unmeasured.

The others do: F stopped, M under maintenance, S typed in, D broken, C calibrating, B
not reached; and so does one that we do not know.
"""


def facts_of(code: str) -> CodeFacts | None:
    """Return what a code is; None if we have no quantity for it."""
    return CODES.get(OLD_CODES.get(code, code))


def quality_of(flag: str) -> Quality:
    """Return what a data flag says of a value; none is good."""
    return FLAGS.get(flag, Quality.SENSOR_FAULT) if flag else Quality.GOOD
