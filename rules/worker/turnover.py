"""Going on under another plan: the state, the desk, and the alarms that end. Pure."""

from rules.engine.carry import Withdrawn, carry, slot_keys
from rules.engine.state import State
from rules.plan.plan import Plan
from rules.triage.carry import carry_desk
from rules.triage.desk import Desk
from rules.triage.turn import AlarmKey


def turn_over(
    old: Plan, state: State, desk: Desk, new: Plan
) -> tuple[State, Desk, list[Withdrawn]]:
    """Return state and desk under another plan, and the alarms nobody judges any more.

    Args:
        old: The plan they were folded under.
        state: Not changed.
        desk: Not changed.
        new: The plan to go on with.
    """
    carried, withdrawn = carry(old, state, new)
    judged = (AlarmKey(*key) for key in slot_keys(new))
    desk, ended = carry_desk(desk, new.layout, judged)
    return carried, desk, withdrawn + [Withdrawn(*key) for key in ended]
