"""Asks a terminal for sub-packages that did not come, in time."""

import asyncio

from ingest.jt808.call import Call
from ingest.jt808.limits import Limits
from ingest.jt808.resends import Resends
from ingest.protocols.jt808 import Jt808Stream


class Missing:
    """What has not come on one line, and the time until it is asked for.

    Args:
        stream: What has come.
        call: The line; a stranger on it is asked for nothing.
        limits: How long to wait, and how often to ask.
    """

    def __init__(self, stream: Jt808Stream, call: Call, limits: Limits) -> None:
        self._stream = stream
        self._call = call
        self._resends = Resends(after_s=limits.resend_s, most=limits.resends)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Take note of what is missing now, and ask for what is due."""
        self.stop()
        now_s = self._loop.time()
        self._resends.look(self._stream.unfinished(), now_s)
        if self._call.is_stranger:
            return
        for request in self._resends.requests(now_s):
            self._call.say(request)
        due_s = self._resends.due_s
        if due_s is not None:
            self._timer = self._loop.call_at(due_s, self.look)

    def stop(self) -> None:
        """Ask for nothing more until the next look."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
