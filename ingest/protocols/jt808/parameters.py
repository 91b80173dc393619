"""Terminal parameters (JT/T 808-2019, 8.13 to 8.16, table 12).

Layouts::

    0x8103   N (IIII L value)…      set
    0x8104                          tell all
    0x0104   SS N (IIII L value)…   here they are

- N: how many
- I, L: id of a parameter, length of its value, octets
- S: serial number of the query

A value is kept as it came. What it says is looked up in `PARAMETERS`; an id that is not
there, or a number that is not as long as the standard has it, says nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from ingest.protocols.jt808.octets import (
    BodyReader,
    FieldError,
    dword_octets,
    text_from,
    text_octets,
    word_octets,
)
from vocabulary.refusal import Reason


class Form(Enum):
    """How a parameter's value is written; the value is its octets, 0 for any number."""

    BYTE = 1
    WORD = 2
    DWORD = 4
    STRING = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it came.

    Attributes:
        id: What it is.
        octets: Its value.
    """

    id: int
    octets: bytes

    @property
    def name(self) -> str:
        """What the standard calls it; its id where it does not."""
        return PARAMETERS.get(self.id, (f"{self.id:#06x}", Form.STRING))[0]

    @property
    def value(self) -> int | str | None:
        """What it says; None if that is not known."""
        if self.id not in PARAMETERS:
            return None
        form = PARAMETERS[self.id][1]
        if form is Form.STRING:
            return text_from(self.octets)
        is_right = len(self.octets) == form.value
        return int.from_bytes(self.octets, "big") if is_right else None


@dataclass(frozen=True, slots=True)
class SetParameters:
    """Take these parameters, 0x8103."""

    message_id: ClassVar[int] = 0x8103

    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class QueryParameters:
    """Tell all your parameters, 0x8104; empty."""

    message_id: ClassVar[int] = 0x8104


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterAnswer:
    """A terminal's parameters, 0x0104.

    Attributes:
        answered: Serial number of the query.
        parameters: All of them.
    """

    message_id: ClassVar[int] = 0x0104

    answered: int
    parameters: tuple[Parameter, ...]


def set_parameters_from(reader: BodyReader) -> SetParameters:
    """Read parameters to be set.

    Raises:
        FieldError: If there are not exactly as many as it says.
    """
    return SetParameters(_parameters(reader))


def set_parameters_octets(message: SetParameters) -> bytes:
    """Return parameters to be set as they are sent."""
    return _parameter_octets(message.parameters)


def parameter_answer_from(reader: BodyReader) -> ParameterAnswer:
    """Read a terminal's parameters.

    Raises:
        FieldError: If there are not exactly as many as it says.
    """
    return ParameterAnswer(answered=reader.word(), parameters=_parameters(reader))


def parameter_answer_octets(answer: ParameterAnswer) -> bytes:
    """Return a terminal's parameters as they are sent."""
    return word_octets(answer.answered) + _parameter_octets(answer.parameters)


def parameter_of(name: str, value: int | str) -> Parameter:
    """Return a parameter by its name.

    Raises:
        ValueError: If there is none of that name, or the value does not suit it.
    """
    for parameter_id, (known, form) in PARAMETERS.items():
        if known != name:
            continue
        if form is Form.STRING and isinstance(value, str):
            return Parameter(parameter_id, text_octets(value))
        if form is not Form.STRING and isinstance(value, int):
            if not 0 <= value < 1 << 8 * form.value:
                raise ValueError(f"{value} does not fit into {name}, a {form.name}")
            return Parameter(parameter_id, value.to_bytes(form.value, "big"))
        raise ValueError(f"{name} is a {form.name}, {value!r} is not")
    raise ValueError(f"there is no parameter {name!r}")


def _parameters(reader: BodyReader) -> tuple[Parameter, ...]:
    count = reader.byte()
    parameters = tuple(
        Parameter(reader.dword(), reader.take(reader.byte())) for _ in range(count)
    )
    if reader.left:
        detail = f"{reader.left} octets after the last of {count} parameters"
        raise FieldError(Reason.BAD_LENGTH, detail)
    return parameters


def _parameter_octets(parameters: Iterable[Parameter]) -> bytes:
    known = list(parameters)
    values = (dword_octets(p.id) + bytes([len(p.octets)]) + p.octets for p in known)
    return bytes([len(known)]) + b"".join(values)


PARAMETERS: Mapping[int, tuple[str, Form]] = {
    0x0001: ("heartbeat_interval_s", Form.DWORD),
    0x0002: ("tcp_reply_timeout_s", Form.DWORD),
    0x0003: ("tcp_retries", Form.DWORD),
    0x0004: ("udp_reply_timeout_s", Form.DWORD),
    0x0005: ("udp_retries", Form.DWORD),
    0x0006: ("sms_reply_timeout_s", Form.DWORD),
    0x0007: ("sms_retries", Form.DWORD),
    0x0010: ("apn", Form.STRING),
    0x0011: ("apn_user", Form.STRING),
    0x0012: ("apn_password", Form.STRING),
    0x0013: ("server", Form.STRING),
    0x0014: ("backup_apn", Form.STRING),
    0x0015: ("backup_apn_user", Form.STRING),
    0x0016: ("backup_apn_password", Form.STRING),
    0x0017: ("backup_server", Form.STRING),
    0x0018: ("server_tcp_port", Form.DWORD),
    0x0019: ("server_udp_port", Form.DWORD),
    0x0020: ("report_strategy", Form.DWORD),
    0x0021: ("report_scheme", Form.DWORD),
    0x0022: ("report_interval_no_driver_s", Form.DWORD),
    0x0027: ("report_interval_asleep_s", Form.DWORD),
    0x0028: ("report_interval_sos_s", Form.DWORD),
    0x0029: ("report_interval_s", Form.DWORD),
    0x002C: ("report_distance_m", Form.DWORD),
    0x002D: ("report_distance_no_driver_m", Form.DWORD),
    0x002E: ("report_distance_asleep_m", Form.DWORD),
    0x002F: ("report_distance_sos_m", Form.DWORD),
    0x0030: ("turn_deg", Form.DWORD),
    0x0031: ("illegal_move_radius_m", Form.WORD),
    0x0040: ("platform_phone", Form.STRING),
    0x0041: ("reset_phone", Form.STRING),
    0x0042: ("factory_reset_phone", Form.STRING),
    0x0043: ("platform_sms_phone", Form.STRING),
    0x0044: ("alarm_sms_phone", Form.STRING),
    0x0045: ("answering_strategy", Form.DWORD),
    0x0046: ("longest_call_s", Form.DWORD),
    0x0047: ("longest_calls_a_month_s", Form.DWORD),
    0x0048: ("listening_phone", Form.STRING),
    0x0049: ("privileged_sms_phone", Form.STRING),
    0x0050: ("alarm_mask", Form.DWORD),
    0x0051: ("alarm_sms_mask", Form.DWORD),
    0x0052: ("alarm_photo_mask", Form.DWORD),
    0x0053: ("alarm_photo_store_mask", Form.DWORD),
    0x0054: ("key_alarm_mask", Form.DWORD),
    0x0055: ("speed_limit_kmh", Form.DWORD),
    0x0056: ("overspeed_after_s", Form.DWORD),
    0x0057: ("longest_driving_s", Form.DWORD),
    0x0058: ("longest_driving_a_day_s", Form.DWORD),
    0x0059: ("shortest_rest_s", Form.DWORD),
    0x005A: ("longest_parking_s", Form.DWORD),
    0x005B: ("overspeed_warning_below_0_1_kmh", Form.WORD),
    0x005C: ("fatigue_warning_before_s", Form.WORD),
    0x005D: ("collision", Form.WORD),
    0x005E: ("rollover_deg", Form.WORD),
    0x0064: ("timed_photo", Form.DWORD),
    0x0065: ("distance_photo", Form.DWORD),
    0x0070: ("photo_quality", Form.DWORD),
    0x0071: ("brightness", Form.DWORD),
    0x0072: ("contrast", Form.DWORD),
    0x0073: ("saturation", Form.DWORD),
    0x0074: ("chroma", Form.DWORD),
    0x0080: ("odometer_0_1_km", Form.DWORD),
    0x0081: ("province", Form.WORD),
    0x0082: ("county", Form.WORD),
    0x0083: ("plate", Form.STRING),
    0x0084: ("plate_colour", Form.BYTE),
    0x0090: ("gnss_modes", Form.BYTE),
    0x0091: ("gnss_baud", Form.BYTE),
    0x0092: ("gnss_output_rate", Form.BYTE),
    0x0093: ("gnss_collect_interval_s", Form.DWORD),
    0x0094: ("gnss_upload_mode", Form.BYTE),
    0x0095: ("gnss_upload_setting", Form.DWORD),
    0x0100: ("can_1_collect_interval_ms", Form.DWORD),
    0x0101: ("can_1_upload_interval_s", Form.WORD),
    0x0102: ("can_2_collect_interval_ms", Form.DWORD),
    0x0103: ("can_2_upload_interval_s", Form.WORD),
}
"""The standard's parameters: what they are called, and how they are written."""
