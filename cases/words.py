"""The words of a case for people, 中文 and English."""

from dataclasses import dataclass

from cases.move_table import Guard, Move, Post, Role
from cases.request import CaseType, Severity
from cases.stage import Phase, Stage


@dataclass(frozen=True, slots=True)
class Words:
    """One thing in both languages."""

    zh: str
    en: str


PHASE_WORDS: dict[Phase, Words] = {
    Phase.COLLECT: Words("信息收集", "collect"),
    Phase.FILE: Words("案卷建立", "file"),
    Phase.DISPATCH: Words("任务派遣", "dispatch"),
    Phase.HANDLE: Words("任务处理", "handle"),
    Phase.FEED_BACK: Words("处理反馈", "feed back"),
    Phase.CHECK: Words("核实结案", "check and close"),
    Phase.EVALUATE: Words("综合评价", "evaluate"),
}

STAGE_WORDS: dict[Stage, Words] = {
    Stage.REPORTED: Words("已上报", "reported"),
    Stage.PENDING_REGISTER: Words("待立案", "waiting to be filed"),
    Stage.PENDING_VERIFY: Words("待核实", "being verified on site"),
    Stage.NOT_ACCEPTED: Words("不予立案", "not accepted"),
    Stage.RETURNED_TO_ACCEPTOR: Words("退回受理", "returned to the acceptor"),
    Stage.CANCELLED: Words("作废", "cancelled"),
    Stage.PENDING_DISPATCH: Words("待派遣", "waiting for dispatch"),
    Stage.RETURNED_TO_DISPATCHER: Words("退回派遣", "returned to the dispatcher"),
    Stage.PENDING_HANDLE: Words("待处理", "with the department"),
    Stage.HANDLING: Words("处理中", "being handled"),
    Stage.SUSPENDED: Words("挂账", "suspended"),
    Stage.HANDLE_FINISH: Words("处理完成", "result submitted"),
    Stage.PENDING_CHECK_DISPATCHER: Words("待转核查", "result with the dispatcher"),
    Stage.PENDING_CHECK_ACCEPTOR: Words("待核查", "result with the acceptor"),
    Stage.CHECKING: Words("核查中", "being checked on site"),
    Stage.CHECK_NOT_PASS: Words("核查不通过", "check not passed"),
    Stage.CLOSED: Words("结案", "closed"),
    Stage.FORCED_CLOSE: Words("强制结案", "closed by force"),
}

MOVE_WORDS: dict[Move, Words] = {
    Move.COLLECT: Words("采集", "collect"),
    Move.REPORT: Words("上报", "report"),
    Move.REGISTER: Words("受理登记", "register"),
    Move.ASK_VERIFY: Words("派核实", "ask for field verification"),
    Move.VERIFIED: Words("核实属实", "found on site"),
    Move.NOT_FOUND: Words("核实不属实", "not found on site"),
    Move.FILE: Words("立案", "file"),
    Move.REFUSE: Words("不予立案", "refuse"),
    Move.CANCEL: Words("作废", "cancel"),
    Move.DISPATCH: Words("派遣", "dispatch"),
    Move.RETURN: Words("退回", "return"),
    Move.ASSIGN: Words("派人", "assign a worker"),
    Move.WITHDRAW: Words("撤回派人", "withdraw the worker"),
    Move.HAND_BACK: Words("处置人员退回", "worker hands back"),
    Move.SUBMIT: Words("提交结果", "submit the result"),
    Move.REDO: Words("重做", "have it redone"),
    Move.CONFIRM: Words("确认反馈", "confirm the result"),
    Move.SUSPEND: Words("挂账", "suspend"),
    Move.RESUME: Words("恢复", "resume"),
    Move.PASS_ON: Words("转核查", "pass on to the check"),
    Move.REWORK: Words("返工", "send back for rework"),
    Move.REWORK_DISPATCH: Words("返工重派", "rework through the dispatcher"),
    Move.ASK_CHECK: Words("派核查", "ask for a field check"),
    Move.CHECK_PASSED: Words("核查通过", "check passed"),
    Move.CHECK_FAILED: Words("核查不通过", "check failed"),
    Move.CLOSE: Words("结案", "close"),
    Move.URGE: Words("督办", "urge"),
    Move.WORSEN: Words("加重", "worse now"),
    Move.EASE: Words("缓解", "eased"),
    Move.FORCE_CLOSE: Words("强制结案", "close by force"),
    Move.REOPEN: Words("复发重开", "reopen"),
}

POST_WORDS: dict[Post, Words] = {
    Post.ACCEPTOR: Words("监督中心受理员", "acceptor"),
    Post.OFFICER: Words("监督员", "field officer"),
    Post.SUPERVISOR: Words("监督中心值班长", "shift head of supervision"),
    Post.DISPATCHER: Words("指挥中心派遣员", "dispatcher"),
    Post.DEPARTMENT: Words("专业部门", "department"),
    Post.WORKER: Words("处置人员", "worker"),
    Post.MACHINE: Words("规则引擎", "rules"),
}

ROLE_WORDS: dict[Role, Words] = {
    Role.VIEWER: Words("查看者", "viewer"),
    Role.DEPARTMENT: Words("专业部门", "department"),
    Role.DISPATCHER: Words("指挥中心", "dispatcher"),
    Role.SUPERVISOR: Words("监督中心", "supervisor"),
    Role.ADMIN: Words("管理员", "admin"),
    Role.RULES: Words("规则引擎", "rules"),
}

GUARD_WORDS: dict[Guard, Words] = {
    Guard.REASON: Words("要写明理由", "a reason must be given"),
    Guard.RESULT: Words("要写明处理结果", "the result must be described"),
    Guard.FILING_CONDITION: Words(
        "要选定立案条件", "a filing condition must be chosen"
    ),
    Guard.SAME_UNIT: Words(
        "返工只能派回原部门", "rework goes back to the same department"
    ),
    Guard.WORKER: Words("要指定处置人员", "a worker must be named"),
    Guard.NOT_YET_SUSPENDED: Words("只能挂账一次", "a case is suspended only once"),
    Guard.CLOSING_CONDITION: Words(
        "要有传感器恢复记录，或部门确认结果后核查通过",
        "the sensor must have recovered, or a field check passed since the result",
    ),
    Guard.PROOF: Words(
        "本类案卷须传感器证实已恢复；传感器仍报异常或无数据时，只能由值班长或管理员"
        "注明理由强制结案",
        "such a case is closed by proof: while its sensor says bad or is not heard, "
        "only a supervisor or an admin may force it, with a reason",
    ),
    Guard.CAME_BACK: Words(
        "同一问题在结案后的限期内复发", "the same problem came back soon after closing"
    ),
}

TYPE_WORDS: dict[CaseType, Words] = {
    CaseType.COMPONENT: Words("部件", "component"),
    CaseType.EVENT: Words("事件", "event"),
}

SEVERITY_WORDS: dict[Severity, Words] = {
    Severity.MINOR: Words("一般", "minor"),
    Severity.MAJOR: Words("较重", "major"),
    Severity.CRITICAL: Words("紧急", "critical"),
}
