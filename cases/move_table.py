"""Who may move a case, from where, to where, and on what condition.

Supervision (监督中心) decides whether there is a problem and whether it is solved;
command (指挥中心) decides who solves it. No role has moves of both. Whatever is not in
`TABLE` is refused; `cases.refusal` says how.
"""

from dataclasses import dataclass
from enum import StrEnum

from cases.stage import OPEN, SOLVED, Stage


class Post(StrEnum):
    """The post (岗位) a move belongs to."""

    ACCEPTOR = "acceptor"  # 受理员, 监督中心
    OFFICER = "officer"  # 监督员, 监督中心
    SUPERVISOR = "supervisor"  # 值班长, 监督中心
    DISPATCHER = "dispatcher"  # 派遣员, 指挥中心
    DEPARTMENT = "department"  # 专业部门
    WORKER = "worker"  # 处置人员, 专业部门
    MACHINE = "machine"  # 规则引擎, nobody's desk


class Role(StrEnum):
    """Who somebody is to the program; people's roles are those of `api_token.role`."""

    VIEWER = "viewer"
    DEPARTMENT = "department"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    RULES = "rules"  # the machine itself


ROLE_OF: dict[Post, Role] = {
    Post.ACCEPTOR: Role.SUPERVISOR,
    Post.OFFICER: Role.SUPERVISOR,
    Post.SUPERVISOR: Role.SUPERVISOR,
    Post.DISPATCHER: Role.DISPATCHER,
    Post.DEPARTMENT: Role.DEPARTMENT,
    Post.WORKER: Role.DEPARTMENT,
    Post.MACHINE: Role.RULES,
}
"""The role that holds each post."""


class Move(StrEnum):
    """What can be done to a case; stored in `case_step.move`."""

    COLLECT = "collect"  # 采集
    REPORT = "report"  # 上报
    REGISTER = "register"  # 受理登记
    ASK_VERIFY = "ask_verify"  # 派核实
    VERIFIED = "verified"  # 核实属实
    NOT_FOUND = "not_found"  # 核实不属实
    FILE = "file"  # 立案
    REFUSE = "refuse"  # 不予立案
    CANCEL = "cancel"  # 作废
    DISPATCH = "dispatch"  # 派遣
    RETURN = "return"  # 退回
    ASSIGN = "assign"  # 派人
    WITHDRAW = "withdraw"  # 撤回派人
    HAND_BACK = "hand_back"  # 处置人员退回
    SUBMIT = "submit"  # 提交结果
    REDO = "redo"  # 重做
    CONFIRM = "confirm"  # 确认反馈
    SUSPEND = "suspend"  # 挂账
    RESUME = "resume"  # 恢复
    PASS_ON = "pass_on"  # noqa: S105 # 转核查, not a password
    REWORK = "rework"  # 返工
    REWORK_DISPATCH = "rework_dispatch"  # 返工重派
    ASK_CHECK = "ask_check"  # 派核查
    CHECK_PASSED = "check_passed"  # 核查通过
    CHECK_FAILED = "check_failed"  # 核查不通过
    CLOSE = "close"  # 结案
    URGE = "urge"  # 督办
    FORCE_CLOSE = "force_close"  # 强制结案
    WORSEN = "worsen"  # 加重
    EASE = "ease"  # 缓解
    REOPEN = "reopen"  # 复发重开


class Guard(StrEnum):
    """A condition on a move, beside state and role."""

    REASON = "reason"  # a note says why
    RESULT = "result"  # a note says what was done
    FILING_CONDITION = "filing_condition"  # 立案条件 is chosen
    SAME_UNIT = "same_unit"  # rework stays with the department that did it
    WORKER = "worker"  # a worker is named
    NOT_YET_SUSPENDED = "not_yet_suspended"  # 挂账 once in a case's life
    CLOSING_CONDITION = "closing_condition"  # 结案条件 is met
    PROOF = "proof"  # its sensor agrees, where the class demands it
    CAME_BACK = "came_back"  # the same problem again, soon after closing


@dataclass(frozen=True, slots=True)
class Way:
    """One legal move.

    Attributes:
        to: The state it leads to.
        post: Whose move it is.
        guards: What must hold as well.
        also: Roles that may do it beside the one that holds the post.
    """

    to: Stage
    post: Post
    guards: tuple[Guard, ...] = ()
    also: frozenset[Role] = frozenset()

    @property
    def roles(self) -> frozenset[Role]:
        """Everybody who may do it."""
        return self.also | {ROLE_OF[self.post]}


_BY_MACHINE = frozenset({Role.RULES})
_WHY = (Guard.REASON,)

OPENINGS: dict[Move, Way] = {
    Move.COLLECT: Way(Stage.PENDING_REGISTER, Post.ACCEPTOR, also=_BY_MACHINE),
    Move.REPORT: Way(Stage.REPORTED, Post.OFFICER),
}
"""How a case begins."""

_SUPERVISION: dict[tuple[Stage, Move], Way] = {
    (Stage.REPORTED, Move.REGISTER): Way(Stage.PENDING_REGISTER, Post.ACCEPTOR),
    (Stage.REPORTED, Move.REFUSE): Way(Stage.NOT_ACCEPTED, Post.ACCEPTOR, _WHY),
    (Stage.PENDING_REGISTER, Move.ASK_VERIFY): Way(Stage.PENDING_VERIFY, Post.ACCEPTOR),
    (Stage.PENDING_REGISTER, Move.FILE): Way(
        Stage.PENDING_DISPATCH, Post.ACCEPTOR, (Guard.FILING_CONDITION,), _BY_MACHINE
    ),
    (Stage.PENDING_REGISTER, Move.REFUSE): Way(Stage.NOT_ACCEPTED, Post.ACCEPTOR, _WHY),
    (Stage.PENDING_VERIFY, Move.VERIFIED): Way(Stage.PENDING_REGISTER, Post.OFFICER),
    (Stage.PENDING_VERIFY, Move.NOT_FOUND): Way(
        Stage.PENDING_REGISTER, Post.OFFICER, _WHY
    ),
    (Stage.RETURNED_TO_ACCEPTOR, Move.FILE): Way(
        Stage.PENDING_DISPATCH, Post.ACCEPTOR, (Guard.FILING_CONDITION, Guard.REASON)
    ),
    (Stage.RETURNED_TO_ACCEPTOR, Move.CANCEL): Way(
        Stage.CANCELLED, Post.ACCEPTOR, _WHY
    ),
    (Stage.PENDING_CHECK_ACCEPTOR, Move.ASK_CHECK): Way(Stage.CHECKING, Post.ACCEPTOR),
    (Stage.PENDING_CHECK_ACCEPTOR, Move.REWORK): Way(
        Stage.PENDING_HANDLE, Post.ACCEPTOR, _WHY
    ),
    (Stage.PENDING_CHECK_ACCEPTOR, Move.REWORK_DISPATCH): Way(
        Stage.PENDING_DISPATCH, Post.ACCEPTOR, _WHY
    ),
    (Stage.PENDING_CHECK_ACCEPTOR, Move.CLOSE): Way(
        Stage.CLOSED, Post.ACCEPTOR, (Guard.CLOSING_CONDITION, Guard.PROOF)
    ),
    (Stage.CHECKING, Move.CHECK_PASSED): Way(
        Stage.PENDING_CHECK_ACCEPTOR, Post.OFFICER
    ),
    (Stage.CHECKING, Move.CHECK_FAILED): Way(Stage.CHECK_NOT_PASS, Post.OFFICER, _WHY),
    (Stage.CHECK_NOT_PASS, Move.ASK_CHECK): Way(Stage.CHECKING, Post.ACCEPTOR, _WHY),
    (Stage.CHECK_NOT_PASS, Move.REWORK): Way(Stage.PENDING_HANDLE, Post.ACCEPTOR, _WHY),
    (Stage.CHECK_NOT_PASS, Move.REWORK_DISPATCH): Way(
        Stage.PENDING_DISPATCH, Post.ACCEPTOR, _WHY
    ),
}

_COMMAND: dict[tuple[Stage, Move], Way] = {
    (Stage.PENDING_DISPATCH, Move.DISPATCH): Way(
        Stage.PENDING_HANDLE,
        Post.DISPATCHER,
        (Guard.SAME_UNIT,),
        _BY_MACHINE,
    ),
    (Stage.PENDING_DISPATCH, Move.RETURN): Way(
        Stage.RETURNED_TO_ACCEPTOR, Post.DISPATCHER, _WHY
    ),
    (Stage.RETURNED_TO_DISPATCHER, Move.DISPATCH): Way(
        Stage.PENDING_HANDLE, Post.DISPATCHER, _WHY
    ),
    (Stage.RETURNED_TO_DISPATCHER, Move.RETURN): Way(
        Stage.RETURNED_TO_ACCEPTOR, Post.DISPATCHER, _WHY
    ),
    (Stage.PENDING_HANDLE, Move.SUSPEND): Way(
        Stage.SUSPENDED, Post.DISPATCHER, (Guard.NOT_YET_SUSPENDED, Guard.REASON)
    ),
    (Stage.HANDLING, Move.SUSPEND): Way(
        Stage.SUSPENDED, Post.DISPATCHER, (Guard.NOT_YET_SUSPENDED, Guard.REASON)
    ),
    (Stage.SUSPENDED, Move.RESUME): Way(Stage.PENDING_HANDLE, Post.DISPATCHER),
    (Stage.PENDING_CHECK_DISPATCHER, Move.PASS_ON): Way(
        Stage.PENDING_CHECK_ACCEPTOR, Post.DISPATCHER
    ),
    (Stage.PENDING_CHECK_DISPATCHER, Move.REWORK): Way(
        Stage.PENDING_HANDLE, Post.DISPATCHER, _WHY
    ),
}

_DEPARTMENT: dict[tuple[Stage, Move], Way] = {
    (Stage.PENDING_HANDLE, Move.RETURN): Way(
        Stage.RETURNED_TO_DISPATCHER, Post.DEPARTMENT, _WHY
    ),
    (Stage.PENDING_HANDLE, Move.ASSIGN): Way(
        Stage.HANDLING, Post.DEPARTMENT, (Guard.WORKER,)
    ),
    (Stage.HANDLING, Move.WITHDRAW): Way(Stage.PENDING_HANDLE, Post.DEPARTMENT, _WHY),
    (Stage.HANDLING, Move.HAND_BACK): Way(Stage.PENDING_HANDLE, Post.WORKER, _WHY),
    (Stage.HANDLING, Move.SUBMIT): Way(
        Stage.HANDLE_FINISH, Post.WORKER, (Guard.RESULT,)
    ),
    (Stage.HANDLE_FINISH, Move.REDO): Way(Stage.HANDLING, Post.DEPARTMENT, _WHY),
    (Stage.HANDLE_FINISH, Move.CONFIRM): Way(
        Stage.PENDING_CHECK_DISPATCHER, Post.DEPARTMENT
    ),
}

STANDING_STILL = frozenset({Move.URGE, Move.WORSEN, Move.EASE})
"""Moves that leave a case where it stands."""

_ANYWHERE: dict[tuple[Stage, Move], Way] = (
    {(stage, Move.URGE): Way(stage, Post.SUPERVISOR, _WHY) for stage in OPEN}
    | {
        (stage, move): Way(stage, Post.MACHINE)
        for stage in OPEN
        for move in (Move.WORSEN, Move.EASE)
    }
    | {
        (stage, Move.FORCE_CLOSE): Way(
            Stage.FORCED_CLOSE, Post.SUPERVISOR, _WHY, frozenset({Role.ADMIN})
        )
        for stage in OPEN
    }
)

_AFTERWARDS: dict[tuple[Stage, Move], Way] = {
    (stage, Move.REOPEN): Way(Stage.PENDING_DISPATCH, Post.MACHINE, (Guard.CAME_BACK,))
    for stage in Stage
    if stage in SOLVED
}

TABLE: dict[tuple[Stage, Move], Way] = (
    _SUPERVISION | _COMMAND | _DEPARTMENT | _ANYWHERE | _AFTERWARDS
)
"""Every legal move of a case that exists."""


def allowed_moves(stage: Stage, role: Role) -> tuple[Move, ...]:
    """Return what a role may do to a case in this state, guards aside."""
    return tuple(
        move for (at, move), way in TABLE.items() if at is stage and role in way.roles
    )
