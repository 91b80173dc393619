"""A rule's reason for people, its `{placeholders}` filled in from what happened.

{device}     code of the device
{value}      the deciding sample, in the quantity's unit (km/h, metres outside,
             seconds of silence)
{threshold}  the limit it reached, in the same unit
"""

from string import Formatter

PLACEHOLDERS = frozenset({"device", "value", "threshold"})
"""What a reason may name."""


def unknown_placeholders(text: str) -> list[str]:
    """Return what is wrong with the placeholders of `text`, in words."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        return [str(error)]
    return [
        f"{{{field}}} is not one of {', '.join(sorted(PLACEHOLDERS))}"
        for _, field, spec, conversion in parts
        if field is not None and (field not in PLACEHOLDERS or spec or conversion)
    ]


def fill(text: str, *, device: str, value: float, threshold: float) -> str:
    """Return a checked reason with its placeholders filled in."""
    return text.format_map(
        {"device": device, "value": _plain(value), "threshold": _plain(threshold)}
    )


def _plain(number: float) -> str:
    """Return a number as people write it: one decimal, none if it is zero."""
    return f"{number:.1f}".removesuffix(".0")
