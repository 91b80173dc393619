"""A rule's reason for people, its `{placeholders}` filled in from what happened.

{device}     code of the device
{value}      the deciding sample, in the quantity's unit (km/h, metres outside,
             seconds of silence)
{threshold}  the limit it reached, in the same unit
{fence}      the geofence it is about; a dash where it is about none
"""

from string import Formatter

from cases.request import Hit
from rules.files.rule import Words

PLACEHOLDERS = frozenset({"device", "value", "threshold", "fence"})
"""What a reason may name."""

NOTHING = "—"
"""In place of what is not."""


_EASED = Words(
    "{device} 已缓解，现值 {value}（限值 {threshold}）",
    "{device} has eased: {value} (limit {threshold})",
)
_CLEARED = Words(
    "{device} 已恢复，现值 {value}（限值 {threshold}）",
    "{device} has recovered: {value} (limit {threshold})",
)
_HEARD = Words("{device} 已恢复上报", "{device} is heard again")


def relief(hit: Hit, *, is_silence: bool) -> Words | None:
    """Return the reason for a change to the better; None for one to the worse."""
    match hit:
        case Hit.CLEARED:
            return _HEARD if is_silence else _CLEARED
        case Hit.EASED:
            return _EASED
        case Hit.RAISED | Hit.ESCALATED:
            return None


def unknown_placeholders(text: str, known: frozenset[str] = PLACEHOLDERS) -> list[str]:
    """Return what is wrong with the placeholders of `text`, in words."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        return [str(error)]
    return [
        f"{{{field}}} is not one of {', '.join(sorted(known))}"
        for _, field, spec, conversion in parts
        if field is not None and (field not in known or spec or conversion)
    ]


def fill(
    text: str, *, device: str, value: float, threshold: float, fence: str = NOTHING
) -> str:
    """Return a checked reason with its placeholders filled in."""
    return text.format_map(
        {
            "device": device,
            "value": _plain(value),
            "threshold": _plain(threshold),
            "fence": fence,
        }
    )


def _plain(number: float) -> str:
    """Return a number as people write it: one decimal, none if it is zero."""
    return f"{number:.1f}".removesuffix(".0")
