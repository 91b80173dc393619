"""返工: said to be solved while its own sensor says that it is bad. Pure."""

from cases.stage import SOLVED, Stage

CLAIMED = SOLVED | {
    Stage.HANDLE_FINISH,
    Stage.PENDING_CHECK_DISPATCHER,
    Stage.PENDING_CHECK_ACCEPTOR,
    Stage.CHECKING,
}
"""States in which somebody has said that it is done, and nobody that it is not."""

CLOSING = SOLVED
"""States that nobody should lead to, unawares, while the sensor says bad."""


def needs_rework(*, to: Stage, stands: bool) -> bool:
    """Tell whether a case is said to be done while it is not over.

    It is a mark and no refusal: somebody was there and the sensor may be wrong, but
    both cannot be right. The mark holds until the sensor says that it is over, or until
    the work is taken up again.

    Args:
        to: The state the case comes to, or is in as an alarm of its is raised.
        stands: Whether any alarm of the case stands.
    """
    return stands and to in CLAIMED


def is_taken_up(stage: Stage) -> bool:
    """Tell whether a state takes back that a case was said to be done."""
    return stage not in CLAIMED
