"""Words that queries share: limits, instants, keys of pages."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from api.problems import Fault, Kind, ProblemError
from vocabulary.times import datetime_from_us, us_from_datetime

MOST_ROWS = 1_000
"""Rows of one page."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The first time that may be asked for."""

LATEST = datetime(9999, 12, 1, tzinfo=UTC)
"""The last one: at the calendar's very ends other zones and spans run out of it."""

Instant = Annotated[
    AwareDatetime,
    Field(
        ge=EARLIEST,
        le=LATEST,
        description="With its zone: 2026-11-21T08:00:00Z; a plus is written %2B.",
    ),
]
"""A time in a request; one without a zone is refused."""

_KEY = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")


class PageQuery(BaseModel, extra="forbid"):
    """What every list takes."""

    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Rows of a page.")


class IdPageQuery(PageQuery, extra="forbid"):
    """A list in the order of its ids."""

    after: int = Field(0, ge=0, lt=2**31, description="Id of the last row known.")


class OldestPageQuery(PageQuery, extra="forbid"):
    """A list with the oldest id first, of what there may be very many of."""

    after: int = Field(0, ge=0, lt=2**63, description="Id of the last row known.")


class NewestPageQuery(PageQuery, extra="forbid"):
    """A list with the newest id first."""

    after: int | None = Field(
        None, ge=0, lt=2**63, description="Id of the last row known."
    )


class KeyPageQuery(PageQuery, extra="forbid"):
    """A list in the order of a time and an id."""

    after: str | None = Field(None, description="As given in `next`.")

    def key(self) -> tuple[datetime, int] | None:
        """Return the time and id of the last row known.

        Raises:
            ProblemError: If it was not one of ours.
        """
        if self.after is None:
            return None
        found = _KEY.fullmatch(self.after)
        if found is None:
            fault = Fault("query.after", "not a key", "take it from a page's `next`")
            raise ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
        return datetime_from_us(int(found[1])), int(found[2])


def key_of(at: datetime, row_id: int) -> str:
    """Return the key of a row, as `?after=` takes it."""
    return f"{us_from_datetime(at)}-{row_id}"


def refuse_reversed(since: datetime, until: datetime) -> None:
    """Refuse a span that ends before it starts.

    Raises:
        ProblemError: If it does.
    """
    if until < since:
        fault = Fault("query.to", "before `from`", "a time at or after `from`")
        raise ProblemError(Kind.INVALID, "the span is reversed", errors=[fault])
