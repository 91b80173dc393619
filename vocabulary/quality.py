"""Quality of one reading or position: what is doubtful about it, as a bit mask.

0 is good. Doubtful samples are flagged and kept; rules say which bits they accept.
"""

from enum import IntFlag


class Quality(IntFlag):
    """Bits of doubt; the values are stored and must never be renumbered."""

    GOOD = 0
    LATE = 1  # older than the newest known of its series or vehicle
    FUTURE = 2  # measured after it was received, beyond clock tolerance
    OUT_OF_RANGE = 4  # outside what the quantity can plausibly be
    JUMP = 8  # changed faster than the quantity can
    STUCK = 16  # a fresh stamp on a stale value
    CLOCK_CORRECTED = 32  # the device's clock was wrong by a certain amount
    NO_INTEGRITY_CHECK = 64  # the wire format has no checksum
    SIMULATED = 128  # from a simulator or a drill, not from hardware
    NO_DEVICE_TIME = 256  # the device gave no time; ours was taken
    SENSOR_FAULT = 512  # the device itself reports its sensor bad
