"""Late samples of a time of which not all is kept: nobody can tell what they change."""

import logging
from datetime import datetime

from rules.correction.spans import Kind
from rules.plan.plan import Plan
from rules.retention.policy import What
from store.alarms.corrections import Due, NewCorrection
from store.connection import Connection
from store.retention.state import kept_from
from vocabulary.device import DeviceKind

log = logging.getLogger(__name__)


async def is_gone(connection: Connection, plan: Plan, since: datetime) -> bool:
    """Tell whether what is stored since some time has been dropped in part."""
    moves = any(subject.kind is DeviceKind.VEHICLE for subject in plan.subjects)
    whole_from = [
        await kept_from(connection, what)
        for what in (What.READINGS, What.POSITIONS)
        if what is What.READINGS or moves
    ]
    return any(at is not None and since < at for at in whole_from)


def too_old(
    plan: Plan, due: Due, late_at: list[datetime], at: datetime
) -> NewCorrection:
    """Return that late samples cannot be judged any more.

    Args:
        plan: Of the rule that would have judged them.
        due: The rule and the device.
        late_at: Times of the late samples, ascending.
        at: Journal time.
    """
    log.warning("correction: %s on device %d: too old", due.rule, due.device_id)
    return NewCorrection(
        kind=Kind.CANNOT_JUDGE,
        rule=due.rule,
        rule_version=plan.rules[0].version,
        device_id=due.device_id,
        alarm_id=None,
        case_id=None,
        measured_at=late_at[0],
        cleared_at=None,
        severity="",
        value=None,
        late_at=late_at,
        found_at=at,
    )
