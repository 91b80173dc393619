"""Where a case stands, and in which of the seven stages that is.

When all goes well:

    pending_register → pending_dispatch → pending_handle → handling → handle_finish
        → pending_check_dispatcher → pending_check_acceptor → closed

States and moves follow the workflow that Yuncheng published for its own system. Two of
its states are four here, because two posts hold them in turn and may do different
things: pending_check (dispatcher, then acceptor) and returned (to whom). Who received a
return may correct what is theirs, never take the case a step further. The moves are in
`cases.move_table`.
"""

from enum import StrEnum


class Phase(StrEnum):
    """The seven stages."""

    COLLECT = "collect"  # 信息收集
    FILE = "file"  # 案卷建立
    DISPATCH = "dispatch"  # 任务派遣
    HANDLE = "handle"  # 任务处理
    FEED_BACK = "feed_back"  # 处理反馈
    CHECK = "check"  # 核实结案
    EVALUATE = "evaluate"  # 综合评价


class Stage(StrEnum):
    """The states of a case; stored in `case_file.stage`."""

    REPORTED = "reported"  # 已上报
    PENDING_REGISTER = "pending_register"  # 待立案
    PENDING_VERIFY = "pending_verify"  # 待核实
    NOT_ACCEPTED = "not_accepted"  # 不予立案
    RETURNED_TO_ACCEPTOR = "returned_to_acceptor"  # 退回受理
    CANCELLED = "cancelled"  # 作废
    PENDING_DISPATCH = "pending_dispatch"  # 待派遣
    RETURNED_TO_DISPATCHER = "returned_to_dispatcher"  # 退回派遣
    PENDING_HANDLE = "pending_handle"  # 待处理
    HANDLING = "handling"  # 处理中
    SUSPENDED = "suspended"  # 挂账
    HANDLE_FINISH = "handle_finish"  # 处理完成
    PENDING_CHECK_DISPATCHER = "pending_check_dispatcher"  # 待反馈
    PENDING_CHECK_ACCEPTOR = "pending_check_acceptor"  # 待核查
    CHECKING = "checking"  # 核查中
    CHECK_NOT_PASS = "check_not_pass"  # noqa: S105 # 核查不通过, not a password
    CLOSED = "closed"  # 结案
    FORCED_CLOSE = "forced_close"  # 强制结案


PHASE_OF: dict[Stage, Phase] = {
    Stage.REPORTED: Phase.COLLECT,
    Stage.PENDING_REGISTER: Phase.FILE,
    Stage.PENDING_VERIFY: Phase.FILE,
    Stage.NOT_ACCEPTED: Phase.FILE,
    Stage.RETURNED_TO_ACCEPTOR: Phase.FILE,
    Stage.CANCELLED: Phase.FILE,
    Stage.PENDING_DISPATCH: Phase.DISPATCH,
    Stage.RETURNED_TO_DISPATCHER: Phase.DISPATCH,
    Stage.PENDING_HANDLE: Phase.HANDLE,
    Stage.HANDLING: Phase.HANDLE,
    Stage.SUSPENDED: Phase.HANDLE,
    Stage.HANDLE_FINISH: Phase.FEED_BACK,
    Stage.PENDING_CHECK_DISPATCHER: Phase.FEED_BACK,
    Stage.PENDING_CHECK_ACCEPTOR: Phase.CHECK,
    Stage.CHECKING: Phase.CHECK,
    Stage.CHECK_NOT_PASS: Phase.CHECK,
    Stage.CLOSED: Phase.EVALUATE,
    Stage.FORCED_CLOSE: Phase.EVALUATE,
}
"""The stage of the seven that each state belongs to."""

ENDED: frozenset[Stage] = frozenset(
    {Stage.NOT_ACCEPTED, Stage.CANCELLED, Stage.CLOSED, Stage.FORCED_CLOSE}
)
"""States that want nothing done; `case_file.closed_at` is set in these alone."""

SOLVED: frozenset[Stage] = frozenset({Stage.CLOSED, Stage.FORCED_CLOSE})
"""Ended as solved, so that it can come back; the other ends say there was nothing."""

OPEN: tuple[Stage, ...] = tuple(stage for stage in Stage if stage not in ENDED)
"""States of a case that still wants something done."""
