"""Answers (6.5, annex C): what says to the other side that something was taken in.

Uploads are answered 9014, notices 9013, both by their QN; requests are answered 9011 at
once and 9012 when done. Nothing is answered that does not ask for it, and no answer is.
"""

from dataclasses import replace

from ingest.protocols.hj212.package import VERSION, Command, Item, Package

INTERACTION = "91"
"""ST of answers: interaction of systems (table 5)."""

DONE = 1
"""ExeRtn and QnRtn: done; ready to do (tables 6 and 7)."""

_ANSWERS = range(9000, 10000)


def answer_to(package: Package) -> Package | None:
    """Return what tells a device that its package was taken in; None if nothing does.

    Args:
        package: An upload or a notice.
    """
    if not package.wants_answer or package.command in _ANSWERS:
        return None
    is_notice = package.command == Command.CLOCK_REQUEST
    command = Command.NOTICE_ANSWER if is_notice else Command.DATA_ANSWER
    return _answer(package, command, ())


def request_answer(request: Package, returned: int = DONE) -> Package:
    """Return a device's answer that it will do, or why it will not (table 7)."""
    return _answer(request, Command.REQUEST_ANSWER, (("QnRtn", str(returned)),))


def result(request: Package, returned: int = DONE) -> Package:
    """Return a device's word that a request is done, or why it is not (table 6)."""
    return _answer(request, Command.RESULT, (("ExeRtn", str(returned)),))


def _answer(
    package: Package, command: Command, pairs: tuple[tuple[str, str], ...]
) -> Package:
    return replace(
        package,
        system=INTERACTION,
        command=command,
        flag=VERSION,
        numbering=(),
        items=(Item(pairs),) if pairs else (),
        errors=(),
    )
