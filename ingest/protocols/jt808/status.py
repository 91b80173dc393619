"""The two words of every location report: status and alarms, bit by bit.

JT/T 808-2019, tables 24 and 25. Bits that the editions give different meanings have the
name of 2019. Reserved bits are kept and have no name.
"""

from enum import IntFlag


class Status(IntFlag):
    """What state the vehicle and its terminal are in."""

    ACC_ON = 1 << 0
    FIXED = 1 << 1
    SOUTH = 1 << 2
    WEST = 1 << 3
    OUT_OF_SERVICE = 1 << 4
    ENCRYPTED = 1 << 5  # coordinates went through the state's plug-in
    BRAKE_ASSIST_WARNING = 1 << 6
    LANE_WARNING = 1 << 7
    HALF_LOADED = 1 << 8  # bits 8 and 9 together: fully loaded
    LOADED_HIGH = 1 << 9
    OIL_CUT = 1 << 10
    CIRCUIT_CUT = 1 << 11
    DOORS_LOCKED = 1 << 12
    DOOR_1_OPEN = 1 << 13
    DOOR_2_OPEN = 1 << 14
    DOOR_3_OPEN = 1 << 15
    DOOR_4_OPEN = 1 << 16
    DOOR_5_OPEN = 1 << 17
    BY_GPS = 1 << 18
    BY_BEIDOU = 1 << 19
    BY_GLONASS = 1 << 20
    BY_GALILEO = 1 << 21
    MOVING = 1 << 22


class Alarm(IntFlag):
    """What the terminal itself raises the alarm for."""

    SOS = 1 << 0
    OVERSPEED = 1 << 1
    FATIGUE = 1 << 2
    DANGEROUS_DRIVING = 1 << 3
    GNSS_FAULT = 1 << 4
    ANTENNA_OPEN = 1 << 5
    ANTENNA_SHORT = 1 << 6
    UNDERVOLTAGE = 1 << 7
    POWER_LOST = 1 << 8
    DISPLAY_FAULT = 1 << 9
    SPEECH_FAULT = 1 << 10
    CAMERA_FAULT = 1 << 11
    CARD_READER_FAULT = 1 << 12
    OVERSPEED_WARNING = 1 << 13
    FATIGUE_WARNING = 1 << 14
    FORBIDDEN_HOURS = 1 << 15
    TYRE_PRESSURE = 1 << 16
    BLIND_SPOT_FAULT = 1 << 17
    DAILY_DRIVING_TIME = 1 << 18
    PARKED_TOO_LONG = 1 << 19
    AREA_CROSSED = 1 << 20
    ROUTE_ENTERED_OR_LEFT = 1 << 21
    SEGMENT_TIME = 1 << 22
    OFF_ROUTE = 1 << 23
    SPEED_SENSOR_FAULT = 1 << 24
    FUEL_ABNORMAL = 1 << 25
    STOLEN = 1 << 26
    ILLEGAL_IGNITION = 1 << 27
    ILLEGAL_MOVE = 1 << 28
    COLLISION = 1 << 29
    ROLLOVER = 1 << 30
    ILLEGAL_DOOR = 1 << 31


SIGNALS = (
    "low_beam",
    "high_beam",
    "right_turn",
    "left_turn",
    "brake",
    "reverse",
    "fog_lamp",
    "position_lamp",
    "horn",
    "air_conditioner",
    "neutral",
    "retarder",
    "abs",
    "heater",
    "clutch",
)
"""Bits of item 25, the vehicle's signals, from bit 0 (table 31)."""


def bit_names(flags: IntFlag) -> tuple[str, ...]:
    """Return the names of the bits that are set, lowest first, those that have one."""
    return tuple(bit.name.lower() for bit in type(flags) if bit in flags and bit.name)
