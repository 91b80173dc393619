"""返工: a case that is closed while its own sensor still says that it is bad."""

from cases.stage import SOLVED, Stage


def needs_rework(*, to: Stage, stands: bool) -> bool:
    """Tell whether a move closes what is not over.

    It is a mark and no refusal: somebody was there and the sensor may be wrong, but
    both cannot be right. The mark holds until the sensor says that it is over.

    Args:
        to: The state the move leads to.
        stands: Whether any alarm of the case stands.
    """
    return stands and to in SOLVED
