"""The quantities a device may report: name with unit, plausible range, words.

A quantity whose unit varies is two quantities; conversion happens once, in the codec.
A value outside `low`..`high` is flagged `Quality.OUT_OF_RANGE`, and kept.
"""

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """Names of quantities, unit included; stored as text in `series.quantity`."""

    TILT_DEG = "tilt_deg"
    COVER_OPEN = "cover_open"
    WATER_UNDER_COVER = "water_under_cover"
    PRESSURE_KPA = "pressure_kpa"
    DEPTH_MM = "depth_mm"
    RAIN_MM = "rain_mm"
    POWER_W = "power_w"
    VOLTAGE_V = "voltage_v"
    CURRENT_A = "current_a"
    ENERGY_KWH = "energy_kwh"
    DIMMING_PCT = "dimming_pct"
    CONTACTOR_ON = "contactor_on"
    CABINET_DOOR_OPEN = "cabinet_door_open"
    LEAKAGE_MA = "leakage_ma"
    TEMPERATURE_C = "temperature_c"
    BATTERY_PCT = "battery_pct"
    BATTERY_V = "battery_v"
    RSSI_DBM = "rssi_dbm"
    LEVEL_M = "level_m"
    RELATIVE_LEVEL_M = "relative_level_m"
    FLOW_M3_S = "flow_m3_s"
    VELOCITY_M_S = "velocity_m_s"
    RAIN_5MIN_MM = "rain_5min_mm"
    RAIN_DAY_MM = "rain_day_mm"
    RAIN_TOTAL_MM = "rain_total_mm"
    WATER_TEMPERATURE_C = "water_temperature_c"
    PH = "ph"
    COD_MG_L = "cod_mg_l"
    AMMONIA_MG_L = "ammonia_mg_l"
    TOTAL_PHOSPHORUS_MG_L = "total_phosphorus_mg_l"
    TOTAL_NITROGEN_MG_L = "total_nitrogen_mg_l"
    DISSOLVED_OXYGEN_MG_L = "dissolved_oxygen_mg_l"
    CONDUCTIVITY_US_CM = "conductivity_us_cm"
    TURBIDITY_NTU = "turbidity_ntu"
    MAINS_LOST = "mains_lost"
    BATTERY_LOW = "battery_low"


@dataclass(frozen=True, slots=True)
class QuantityFacts:
    """What is known of one quantity.

    Attributes:
        unit: Unit symbol for people; empty for flags (0 or 1).
        low: Least plausible value.
        high: Greatest plausible value.
        name_zh: 中文名称.
        name_en: English name.
    """

    unit: str
    low: float
    high: float
    name_zh: str
    name_en: str


QUANTITIES: dict[Quantity, QuantityFacts] = {
    Quantity.TILT_DEG: QuantityFacts("°", 0, 180, "倾角", "tilt"),
    Quantity.COVER_OPEN: QuantityFacts("", 0, 1, "井盖开启", "cover open"),
    Quantity.WATER_UNDER_COVER: QuantityFacts("", 0, 1, "井下水满", "water at cover"),
    Quantity.PRESSURE_KPA: QuantityFacts("kPa", -100, 2500, "压力", "pressure"),
    Quantity.DEPTH_MM: QuantityFacts("mm", 0, 5000, "积水深度", "ponding depth"),
    Quantity.RAIN_MM: QuantityFacts("mm", 0, 500, "雨量", "rain"),
    Quantity.POWER_W: QuantityFacts("W", 0, 50000, "有功功率", "active power"),
    Quantity.VOLTAGE_V: QuantityFacts("V", 0, 500, "电压", "voltage"),
    Quantity.CURRENT_A: QuantityFacts("A", 0, 400, "电流", "current"),
    Quantity.ENERGY_KWH: QuantityFacts("kWh", 0, 1e9, "电能", "energy"),
    Quantity.DIMMING_PCT: QuantityFacts("%", 0, 100, "调光", "dimming level"),
    Quantity.CONTACTOR_ON: QuantityFacts("", 0, 1, "接触器吸合", "contactor on"),
    Quantity.CABINET_DOOR_OPEN: QuantityFacts("", 0, 1, "箱门开启", "door open"),
    Quantity.LEAKAGE_MA: QuantityFacts("mA", 0, 5000, "漏电流", "leakage current"),
    Quantity.TEMPERATURE_C: QuantityFacts("°C", -60, 150, "温度", "temperature"),
    Quantity.BATTERY_PCT: QuantityFacts("%", 0, 100, "电池电量", "battery charge"),
    Quantity.BATTERY_V: QuantityFacts("V", 0, 60, "电池电压", "battery voltage"),
    Quantity.RSSI_DBM: QuantityFacts("dBm", -150, 0, "信号强度", "signal strength"),
    Quantity.LEVEL_M: QuantityFacts("m", -500, 9000, "水位", "water level"),
    Quantity.RELATIVE_LEVEL_M: QuantityFacts("m", 0, 656, "相对水位", "relative level"),
    Quantity.FLOW_M3_S: QuantityFacts("m³/s", -1e5, 1e6, "流量", "flow"),
    Quantity.VELOCITY_M_S: QuantityFacts("m/s", -20, 20, "流速", "velocity"),
    Quantity.RAIN_5MIN_MM: QuantityFacts("mm", 0, 100, "5分钟雨量", "rain of 5 min"),
    Quantity.RAIN_DAY_MM: QuantityFacts("mm", 0, 2000, "当日雨量", "rain since 8:00"),
    Quantity.RAIN_TOTAL_MM: QuantityFacts("mm", 0, 1e5, "累计雨量", "rain counter"),
    Quantity.WATER_TEMPERATURE_C: QuantityFacts("°C", -5, 100, "水温", "water temp."),
    Quantity.PH: QuantityFacts("", 0, 14, "pH", "pH"),
    Quantity.COD_MG_L: QuantityFacts("mg/L", 0, 1e5, "化学需氧量", "COD"),
    Quantity.AMMONIA_MG_L: QuantityFacts("mg/L", 0, 1e4, "氨氮", "ammonia nitrogen"),
    Quantity.TOTAL_PHOSPHORUS_MG_L: QuantityFacts(
        "mg/L", 0, 1e3, "总磷", "total phosphorus"
    ),
    Quantity.TOTAL_NITROGEN_MG_L: QuantityFacts(
        "mg/L", 0, 1e4, "总氮", "total nitrogen"
    ),
    Quantity.DISSOLVED_OXYGEN_MG_L: QuantityFacts(
        "mg/L", 0, 50, "溶解氧", "dissolved oxygen"
    ),
    Quantity.CONDUCTIVITY_US_CM: QuantityFacts(
        "µS/cm", 0, 1e6, "电导率", "conductivity"
    ),
    Quantity.TURBIDITY_NTU: QuantityFacts("NTU", 0, 1e4, "浊度", "turbidity"),
    Quantity.MAINS_LOST: QuantityFacts("", 0, 1, "市电中断", "mains lost"),
    Quantity.BATTERY_LOW: QuantityFacts("", 0, 1, "电池欠压", "battery low"),
}
