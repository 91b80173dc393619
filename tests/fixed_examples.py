"""Examples of property tests that hang on nothing but the test itself.

Hypothesis draws some of its numbers and texts from the source of whatever modules of
ours happen to be imported. That differs with what ran before in the same process, so
that an example which nobody ever saw turns up once in many runs.
"""

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def draw_from_no_source() -> None:
    """Let Hypothesis take no numbers and texts out of imported modules any more."""
    nothing = Constants()
    # It has no setting for it; a test tells if it goes another way one day.
    providers._get_local_constants = lambda: nothing  # noqa: SLF001
