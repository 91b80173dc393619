"""What was wrong with a request, in words: pydantic's findings with what is right."""

from collections.abc import Callable, Mapping, Sequence

from api.problems import Fault

AN_INSTANT = (
    "a time with its zone, such as 2026-11-21T08:00:00Z or "
    "2026-11-21T16:00:00%2B08:00 (a plus sign in a URL is written %2B)"
)
"""What every time in a request has to look like."""

SEE_SCHEMA = "see /api/v1/openapi.json"
"""What to say where there is nothing better."""

SHOWN_CHARACTERS = 80
"""How much of a wrong value is quoted."""

Context = Mapping[str, object]

RIGHT: dict[str, Callable[[Context], str]] = {
    "missing": lambda _: "a value; it is required",
    "extra_forbidden": lambda _: f"leave it out: no such parameter, {SEE_SCHEMA}",
    "timezone_aware": lambda _: AN_INSTANT,
    "datetime_parsing": lambda _: AN_INSTANT,
    "datetime_from_date_parsing": lambda _: AN_INSTANT,
    "datetime_object_invalid": lambda _: AN_INSTANT,
    "literal_error": lambda context: f"one of {context['expected']}",
    "enum": lambda context: f"one of {context['expected']}",
    "int_parsing": lambda _: "a whole number",
    "int_type": lambda _: "a whole number",
    "float_parsing": lambda _: "a number",
    "bool_parsing": lambda _: "true or false",
    "string_type": lambda _: "a text",
    "model_attributes_type": lambda _: "a JSON object, sent as application/json",
    "json_invalid": lambda context: f"well-formed JSON; {context['error']}",
    "greater_than_equal": lambda context: f"at least {context['ge']}",
    "less_than": lambda context: f"below {context['lt']}",
    "less_than_equal": lambda context: f"at most {context['le']}",
    "string_too_long": lambda context: f"at most {context['max_length']} characters",
    "string_too_short": lambda context: f"at least {context['min_length']} characters",
    "string_pattern_mismatch": lambda context: f"of the form {context['pattern']}",
    "value_error": lambda context: str(context["error"]),
}
"""What would be right, by pydantic's word for what is wrong."""


def faults_from(errors: Sequence[Mapping[str, object]]) -> list[Fault]:
    """Return pydantic's findings as faults, in their order."""
    return [_fault(error) for error in errors]


def summary(faults: Sequence[Fault]) -> str:
    """Return all faults as one sentence."""
    return "; ".join(
        f"{fault.where}: {fault.wrong}, right would be {fault.right}"
        for fault in faults
    )


def _fault(error: Mapping[str, object]) -> Fault:
    kind, context = str(error["type"]), error.get("ctx")
    return Fault(
        where=_where(error["loc"]),
        wrong=f"{error['msg']}{_given(kind, error.get('input'))}",
        right=_right(kind, context if isinstance(context, Mapping) else {}),
    )


def _right(kind: str, context: Context) -> str:
    words = RIGHT.get(kind)
    return words(context) if words else SEE_SCHEMA


def _where(place: object) -> str:
    parts = place if isinstance(place, tuple | list) else (place,)
    return ".".join(str(part) for part in parts)


def _given(kind: str, value: object) -> str:
    if kind in {"missing", "json_invalid"} or value is None:
        return ""
    shown = str(value)
    more = "…" if len(shown) > SHOWN_CHARACTERS else ""
    return f", not {shown[:SHOWN_CHARACTERS]!r}{more}"
