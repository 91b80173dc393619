"""The quantities a device may report: name with unit, plausible range, words.

A quantity whose unit varies is two quantities; conversion happens once, in the codec.
A value outside `low`..`high` is flagged `Quality.OUT_OF_RANGE`, and kept. So is one
that changed faster than it can (`JUMP`), and one that has not changed for so long that
it is an old one under a new time (`STUCK`). The figures are careful: what a sensor in
order may do is not flagged.
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
    TILT_X_DEG = "tilt_x_deg"
    TILT_Y_DEG = "tilt_y_deg"
    TILT_Z_DEG = "tilt_z_deg"
    TILT_ALARM = "tilt_alarm"
    SENSOR_TILTED = "sensor_tilted"
    DISTANCE_MM = "distance_mm"
    HUMIDITY_PCT = "humidity_pct"
    AIR_PRESSURE_HPA = "air_pressure_hpa"
    SURFACE_TEMPERATURE_C = "surface_temperature_c"
    PROBE_TEMPERATURE_C = "probe_temperature_c"
    PULSE_COUNT = "pulse_count"
    PULSE_2_COUNT = "pulse_2_count"
    VALVE_OPEN = "valve_open"
    VALVE_2_OPEN = "valve_2_open"
    INPUT_ON = "input_on"
    INPUT_2_ON = "input_2_on"
    LOOP_CURRENT_MA = "loop_current_ma"
    INPUT_VOLTAGE_V = "input_voltage_v"
    ACCELERATION_X_G = "acceleration_x_g"
    ACCELERATION_Y_G = "acceleration_y_g"
    ACCELERATION_Z_G = "acceleration_z_g"
    ILLUMINANCE_LX = "illuminance_lx"
    CO2_PPM = "co2_ppm"
    WATER_LEAK = "water_leak"
    MOTION_COUNT = "motion_count"
    VIBRATION_COUNT = "vibration_count"
    SNR_DB = "snr_db"
    DISK_USED_PCT = "disk_used_pct"


@dataclass(frozen=True, slots=True)
class QuantityFacts:
    """What is known of one quantity.

    Attributes:
        unit: Unit symbol for people; empty for flags (0 or 1).
        low: Least plausible value.
        high: Greatest plausible value.
        name_zh: 中文名称.
        name_en: English name.
        leap: Largest change that needs no time (noise, resolution, what really happens
            at once); None if it may change at will.
        fastest_per_s: How much more than that it may change in each second.
        stuck_after_s: How long the very same value (but 0) is still believable; None if
            for ever, as of flags, counters, coarse or settled values.
    """

    unit: str
    low: float
    high: float
    name_zh: str
    name_en: str
    leap: float | None = None
    fastest_per_s: float = 0
    stuck_after_s: float | None = None


_HOUR_S = 3600
_WATER_STUCK_S = 48 * _HOUR_S  # electrodes with two digits, in a tank at rest


QUANTITIES: dict[Quantity, QuantityFacts] = {
    Quantity.TILT_DEG: QuantityFacts("°", 0, 180, "倾角", "tilt"),
    Quantity.COVER_OPEN: QuantityFacts("", 0, 1, "井盖开启", "cover open"),
    Quantity.WATER_UNDER_COVER: QuantityFacts("", 0, 1, "井下水满", "water at cover"),
    Quantity.PRESSURE_KPA: QuantityFacts(
        "kPa",
        -100,
        2500,
        "压力",
        "pressure",
        leap=1000,
        fastest_per_s=100,
        stuck_after_s=6 * _HOUR_S,
    ),
    Quantity.DEPTH_MM: QuantityFacts(
        "mm",
        0,
        5000,
        "积水深度",
        "ponding depth",
        leap=300,
        fastest_per_s=50,
    ),
    Quantity.RAIN_MM: QuantityFacts(
        "mm", 0, 500, "雨量", "rain", leap=100, fastest_per_s=0.5
    ),
    Quantity.POWER_W: QuantityFacts("W", 0, 50000, "有功功率", "active power"),
    Quantity.VOLTAGE_V: QuantityFacts(
        "V", 0, 500, "电压", "voltage", stuck_after_s=6 * _HOUR_S
    ),
    Quantity.CURRENT_A: QuantityFacts("A", 0, 400, "电流", "current"),
    Quantity.ENERGY_KWH: QuantityFacts(
        "kWh", 0, 1e9, "电能", "energy", leap=2, fastest_per_s=0.02
    ),
    Quantity.DIMMING_PCT: QuantityFacts("%", 0, 100, "调光", "dimming level"),
    Quantity.CONTACTOR_ON: QuantityFacts("", 0, 1, "接触器吸合", "contactor on"),
    Quantity.CABINET_DOOR_OPEN: QuantityFacts("", 0, 1, "箱门开启", "door open"),
    Quantity.LEAKAGE_MA: QuantityFacts("mA", 0, 5000, "漏电流", "leakage current"),
    Quantity.TEMPERATURE_C: QuantityFacts(
        "°C", -60, 150, "温度", "temperature", leap=15, fastest_per_s=1
    ),
    Quantity.BATTERY_PCT: QuantityFacts("%", 0, 100, "电池电量", "battery charge"),
    Quantity.BATTERY_V: QuantityFacts("V", 0, 60, "电池电压", "battery voltage"),
    Quantity.RSSI_DBM: QuantityFacts("dBm", -150, 0, "信号强度", "signal strength"),
    Quantity.LEVEL_M: QuantityFacts(
        "m", -500, 9000, "水位", "water level", leap=3, fastest_per_s=0.05
    ),
    Quantity.RELATIVE_LEVEL_M: QuantityFacts(
        "m", 0, 656, "相对水位", "relative level", leap=3, fastest_per_s=0.1
    ),
    Quantity.FLOW_M3_S: QuantityFacts("m³/s", -1e5, 1e6, "流量", "flow"),
    Quantity.VELOCITY_M_S: QuantityFacts(
        "m/s", -20, 20, "流速", "velocity", stuck_after_s=24 * _HOUR_S
    ),
    Quantity.RAIN_5MIN_MM: QuantityFacts("mm", 0, 100, "5分钟雨量", "rain of 5 min"),
    Quantity.RAIN_DAY_MM: QuantityFacts("mm", 0, 2000, "当日雨量", "rain since 8:00"),
    Quantity.RAIN_TOTAL_MM: QuantityFacts("mm", 0, 1e5, "累计雨量", "rain counter"),
    Quantity.WATER_TEMPERATURE_C: QuantityFacts(
        "°C", -5, 100, "水温", "water temp.", leap=10, fastest_per_s=0.5
    ),
    Quantity.PH: QuantityFacts(
        "", 0, 14, "pH", "pH", leap=4, fastest_per_s=0.1, stuck_after_s=_WATER_STUCK_S
    ),
    Quantity.COD_MG_L: QuantityFacts("mg/L", 0, 1e5, "化学需氧量", "COD"),
    Quantity.AMMONIA_MG_L: QuantityFacts("mg/L", 0, 1e4, "氨氮", "ammonia nitrogen"),
    Quantity.TOTAL_PHOSPHORUS_MG_L: QuantityFacts(
        "mg/L", 0, 1e3, "总磷", "total phosphorus"
    ),
    Quantity.TOTAL_NITROGEN_MG_L: QuantityFacts(
        "mg/L", 0, 1e4, "总氮", "total nitrogen"
    ),
    Quantity.DISSOLVED_OXYGEN_MG_L: QuantityFacts(
        "mg/L", 0, 50, "溶解氧", "dissolved oxygen", stuck_after_s=_WATER_STUCK_S
    ),
    Quantity.CONDUCTIVITY_US_CM: QuantityFacts(
        "µS/cm", 0, 1e6, "电导率", "conductivity", stuck_after_s=_WATER_STUCK_S
    ),
    Quantity.TURBIDITY_NTU: QuantityFacts(
        "NTU", 0, 1e4, "浊度", "turbidity", stuck_after_s=_WATER_STUCK_S
    ),
    Quantity.MAINS_LOST: QuantityFacts("", 0, 1, "市电中断", "mains lost"),
    Quantity.BATTERY_LOW: QuantityFacts("", 0, 1, "电池欠压", "battery low"),
    Quantity.TILT_X_DEG: QuantityFacts("°", -180, 180, "X轴倾角", "inclination of x"),
    Quantity.TILT_Y_DEG: QuantityFacts("°", -180, 180, "Y轴倾角", "inclination of y"),
    Quantity.TILT_Z_DEG: QuantityFacts("°", -180, 180, "Z轴倾角", "inclination of z"),
    Quantity.TILT_ALARM: QuantityFacts("", 0, 1, "倾角越限", "tilt limit passed"),
    Quantity.SENSOR_TILTED: QuantityFacts("", 0, 1, "传感器倾斜", "sensor tilted"),
    Quantity.DISTANCE_MM: QuantityFacts("mm", 0, 20_000, "距离", "distance"),
    Quantity.HUMIDITY_PCT: QuantityFacts("%", 0, 100, "相对湿度", "relative humidity"),
    Quantity.AIR_PRESSURE_HPA: QuantityFacts("hPa", 300, 1100, "气压", "air pressure"),
    Quantity.SURFACE_TEMPERATURE_C: QuantityFacts(
        "°C", -60, 100, "路面温度", "surface temperature"
    ),
    Quantity.PROBE_TEMPERATURE_C: QuantityFacts(
        "°C", -60, 150, "探头温度", "probe temperature"
    ),
    Quantity.PULSE_COUNT: QuantityFacts("", 0, 2**32, "脉冲累计", "pulses in all"),
    Quantity.PULSE_2_COUNT: QuantityFacts(
        "", 0, 2**32, "脉冲累计2", "pulses in all, 2"
    ),
    Quantity.VALVE_OPEN: QuantityFacts("", 0, 1, "阀门开启", "valve open"),
    Quantity.VALVE_2_OPEN: QuantityFacts("", 0, 1, "阀门2开启", "valve 2 open"),
    Quantity.INPUT_ON: QuantityFacts("", 0, 1, "开关量输入", "digital input"),
    Quantity.INPUT_2_ON: QuantityFacts("", 0, 1, "开关量输入2", "digital input 2"),
    Quantity.LOOP_CURRENT_MA: QuantityFacts("mA", 0, 24, "回路电流", "loop current"),
    Quantity.INPUT_VOLTAGE_V: QuantityFacts("V", 0, 40, "输入电压", "input voltage"),
    Quantity.ACCELERATION_X_G: QuantityFacts(
        "g", -16, 16, "X轴加速度", "acceleration x"
    ),
    Quantity.ACCELERATION_Y_G: QuantityFacts(
        "g", -16, 16, "Y轴加速度", "acceleration y"
    ),
    Quantity.ACCELERATION_Z_G: QuantityFacts(
        "g", -16, 16, "Z轴加速度", "acceleration z"
    ),
    Quantity.ILLUMINANCE_LX: QuantityFacts("lx", 0, 200_000, "照度", "illuminance"),
    Quantity.CO2_PPM: QuantityFacts("ppm", 0, 50_000, "二氧化碳", "carbon dioxide"),
    Quantity.WATER_LEAK: QuantityFacts("", 0, 255, "漏水检测", "water leak"),
    Quantity.MOTION_COUNT: QuantityFacts("", 0, 255, "移动次数", "motions"),
    Quantity.VIBRATION_COUNT: QuantityFacts("", 0, 255, "振动次数", "vibrations"),
    Quantity.SNR_DB: QuantityFacts("dB", -40, 40, "信噪比", "signal to noise"),
    Quantity.DISK_USED_PCT: QuantityFacts("%", 0, 100, "磁盘占用", "disk in use"),
}
