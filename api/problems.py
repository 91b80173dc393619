"""Every error as application/problem+json (RFC 9457): what, where, what would be right.

`type` is a URN that never changes, so that programs can tell errors apart; `errors`
lists each part of the request that was wrong, all at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

import orjson
from fastapi import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
"""RFC 9457, section 3."""

URN = "urn:gezhi:problem:"
"""Leads every problem's type; docs/api.md lists them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was wrong with a request.

    Attributes:
        where: Its place, such as `query.from` or `body.move`.
        wrong: What is wrong with it.
        right: What would be right.
    """

    where: str
    wrong: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an error's body holds.

    Attributes:
        type: A URN that names the kind of problem.
        title: The kind in words, always the same.
        status: The HTTP status.
        detail: What happened this time, and what to do.
        detail_zh: 同样的话, where it is for the people at the desks; else empty.
        instance: The path that was asked for.
        errors: Each fault of the request.
        allowed: What may be done instead, where that is known.
    """

    type: str
    title: str
    status: int
    detail: str
    detail_zh: str
    instance: str
    errors: Sequence[Fault]
    allowed: Sequence[str]


class Kind(Enum):
    """The problems there are: status, last part of the type, title."""

    BAD_REQUEST = (400, "bad-request", "The request cannot be understood")
    UNKNOWN_TOKEN = (401, "unknown-token", "Who is asking is not known")
    NOT_ALLOWED = (403, "not-allowed", "This token may not do that")
    NOT_FOUND = (404, "not-found", "There is no such thing")
    METHOD = (405, "method-not-allowed", "That cannot be done to this resource")
    MOVE_REFUSED = (409, "move-refused", "The case does not allow this move now")
    SENSOR_DISAGREES = (409, "sensor-disagrees", "The case's sensor still says bad")
    KEY_REUSED = (409, "idempotency-key-reused", "This key names another command")
    NOTHING_TO_SPLIT = (409, "nothing-to-split", "The case has no members that stand")
    WINDOW_OVER = (409, "window-over", "The window is over already")
    TOO_LATE = (409, "command-said", "The command was said already")
    STAGE_REFUSED = (409, "stage-refused", "The rule cannot come to this stage now")
    OVER_CAPACITY = (
        409,
        "over-capacity",
        "A department would get more than it can take",
    )
    STALE_VERSION = (409, "stale-version", "Somebody else has changed it meanwhile")
    CODE_TAKEN = (409, "code-taken", "There is one of this code already")
    FENCE_IN_USE = (409, "geofence-in-use", "A vehicle or a rule needs the geofence")
    FENCE_CHANGED = (
        412,
        "geofence-changed",
        "Somebody else has changed the geofence meanwhile",
    )
    TOO_LARGE = (413, "too-large", "The request is too large")
    INVALID = (422, "invalid-request", "Parts of the request are wrong")
    CANNOT = (422, "device-cannot", "The device cannot be told that")
    OUR_FAULT = (500, "internal-error", "The platform failed")
    TOO_MANY_STREAMS = (503, "too-many-streams", "All live streams are taken")
    NOT_READY = (503, "not-ready", "The platform cannot do its work")
    NO_DATABASE = (503, "database-away", "The database does not answer")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    @property
    def type(self) -> str:
        """The URN."""
        return URN + self.value[1]

    @property
    def title(self) -> str:
        """The kind in words."""
        return self.value[2]


class ProblemError(Exception):
    """A request cannot be answered; carries all that its problem document says."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        detail_zh: str = "",
        errors: Sequence[Fault] = (),
        allowed: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.detail_zh = detail_zh
        self.errors = errors
        self.allowed = allowed
        self.headers = headers or {}


def not_found(what: str, name: object) -> ProblemError:
    """Return the problem of something that does not exist, or not for this token."""
    return ProblemError(
        Kind.NOT_FOUND,
        f"there is no {what} {name}, or this token may not see it",
    )


def answer_problem(request: Request, error: ProblemError) -> Response:
    """Return the response that tells of `error`."""
    return document(
        type_=error.kind.type,
        title=error.kind.title,
        status=error.kind.status,
        instance=request.url.path,
        error=error,
    )


def answer_status(
    request: Request, status: int, detail: str, headers: Mapping[str, str]
) -> Response:
    """Return the problem of a bare HTTP status, as the framework raises them."""
    kind = next((kind for kind in Kind if kind.status == status), None)
    bare = ProblemError(kind or Kind.BAD_REQUEST, detail, headers=headers)
    return document(
        type_=kind.type if kind else "about:blank",
        title=kind.title if kind else HTTPStatus(status).phrase,
        status=status,
        instance=request.url.path,
        error=bare,
    )


def document(
    *, type_: str, title: str, status: int, instance: str, error: ProblemError
) -> Response:
    """Return a problem document as a response."""
    body = Problem(
        type=type_,
        title=title,
        status=status,
        detail=error.detail,
        detail_zh=error.detail_zh,
        instance=instance,
        errors=error.errors,
        allowed=error.allowed,
    )
    return Response(
        orjson.dumps(body), status, dict(error.headers), media_type=MEDIA_TYPE
    )
