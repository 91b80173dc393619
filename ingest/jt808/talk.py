"""One terminal's conversation: what it says, what becomes of it, what it is answered.

    says                       must have proved who it is   is answered
    registration               no                           a token, or why not
    authentication             no                           whether the token is its own
    heartbeat                  yes                          at once
    deregistration             yes                          once the token is ended
    location, batch            yes                          once it is stored
    answers to our questions   yes                          not at all
    anything else              yes                          that we do not take it in

What cannot be read, or comes from who may not say it, goes to quarantine, and is
answered with the standard's word for that once it is there.
"""

import asyncio
import logging
from functools import partial

from ingest.jt808.call import Call
from ingest.jt808.exchange import Exchange
from ingest.jt808.missing import Missing
from ingest.jt808.news import (
    News,
    refused,
    unknown_message,
    unknown_terminal,
    unproven_terminal,
    wrong_token,
)
from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import (
    Authentication,
    BadReport,
    Deregistration,
    Heartbeat,
    Jt808Stream,
    Location,
    LocationBatch,
    Message,
    MessageError,
    ParameterAnswer,
    PositionAnswer,
    Registered,
    Registration,
    RegistrationReply,
    Result,
    TerminalReply,
    positions_of,
)
from ingest.tcp_stream import Peer
from store.connection import AWAY
from store.registry.terminals import Hardware
from tasks.cancellation import heeding
from vocabulary.device import Device

log = logging.getLogger(__name__)


class Talk:
    """One line's conversation, from its first octet to its last.

    Attributes:
        device: Who it is, once it has proved it.
    """

    is_amid = False  # what has begun to come is timed by the call, not by its octets

    def __init__(self, exchange: Exchange, peer: Peer) -> None:
        """Begin to talk with whom the doors have let in."""
        self.device: Device | None = None
        self._exchange = exchange
        self._call = Call(peer, exchange.doors)
        self._stream = Jt808Stream()
        self._missing = Missing(self._stream, self._call, exchange.doors.limits)
        self._news = News()
        self._logins = 0
        self._faults = 0  # of a stranger

    async def take(self, data: bytes) -> None:
        """Take octets of a connection."""
        await self._take(self._stream.receive_data(data))
        delay_s = self._call.delay_s(len(data))
        if delay_s:
            await asyncio.sleep(delay_s)  # nobody reads, so the sender must wait

    async def take_datagram(self, data: bytes) -> None:
        """Take a datagram, which holds whole frames."""
        if self._call.delay_s(len(data)) == 0:  # else it is lost, as datagrams may be
            items = self._stream.receive_data(data)
            await self._take([*items, *self._stream.receive_eof()])

    async def pause(self) -> None:
        """Take note that nothing came for a while."""

    async def end(self) -> None:
        """Take note that nothing more will come."""
        if not self._stream.speaks:  # else what is left is a frame that was cut off
            await self._take(self._stream.receive_eof())

    def close(self) -> None:
        """Leave the line."""
        if self.device:
            self._exchange.lines.go(self.device.id, self._call)
        self._missing.stop()
        self._call.leave()

    def summary(self) -> str:
        """Return who it was and what came, for the log."""
        who, stream = self._call.terminal or "nobody", self._stream
        return (
            f"{who}: {self._call.ending} after {stream.messages} messages, "
            f"{stream.refused} refused, {stream.given_up} never whole"
        )

    async def _take(self, items: list[Message | ProtocolError]) -> None:
        self._call.is_busy = True
        try:
            await heeding(self._hear_all(items))
        except AWAY as error:
            # It will call again; what was not answered it has kept.
            self._call.hang_up(f"the database is away: {error}")
        finally:
            self._call.is_busy = False
        if any(isinstance(item, Message) for item in items):
            self._call.go_on()
        self._missing.look()
        limit = self._exchange.doors.limits.faults
        if self.device is None and self._faults > limit:
            self._call.hang_up(f"sent over {limit} faults and no proof of who it is")

    async def _hear_all(self, items: list[Message | ProtocolError]) -> None:
        for item in items:
            await self._hear(item)
        await self._hand_on()

    async def _hear(self, item: Message | ProtocolError) -> None:
        if isinstance(item, ProtocolError):
            self._refuse(item, Result.MALFORMED)
            return
        self._call.terminal = self._call.terminal or item.header.terminal
        match item.body:
            case Registration():
                await self._register(item, item.body)
            case Authentication():
                await self._authenticate(item, item.body)
            case _ if self._is_stranger(item):
                self._refuse_stranger(item)
            case Deregistration():
                await self._deregister(item)
            case Heartbeat():
                self._call.send(self._call.reply(item, Result.OK))
            case Location() | LocationBatch() | PositionAnswer():
                self._locate(item, item.body)
            case TerminalReply() | ParameterAnswer():
                self._note_answer(item)
            case _:
                self._refuse(unknown_message(item), Result.UNSUPPORTED)

    async def _register(self, message: Message, registration: Registration) -> None:
        header = message.header
        device = self._exchange.identities.device(header.terminal)
        if self._is_login_too_many():
            return
        if device is None:
            self._refuse(unknown_terminal(message))
            reply = RegistrationReply(
                answered=header.serial, result=Registered.NO_SUCH_TERMINAL
            )
        else:
            await self._become(None)
            token = await self._new_token(device, registration)
            reply = RegistrationReply(
                answered=header.serial, result=Registered.OK, token=token
            )
        self._call.send(self._call.frames(reply, header.terminal, header.edition))

    async def _new_token(self, device: Device, registration: Registration) -> str:
        identities = self._exchange.identities
        vehicle = identities.snapshot.vehicles.get(device.vehicle_id or 0)
        if vehicle and registration.plate not in ("", vehicle.code):
            log.warning(
                "%s registers as in %s, and is registered in %s",
                device.code,
                registration.plate,
                vehicle.code,
            )
        log.info("%s: %s registers, and gets a new token", self._call.name, device.code)
        hardware = Hardware(
            maker=registration.maker,
            model=registration.model,
            serial_id=registration.serial_id,
            plate=registration.plate,
        )
        return await identities.tokens.give(device, hardware)

    async def _authenticate(self, message: Message, proof: Authentication) -> None:
        header = message.header
        device = self._exchange.identities.device(header.terminal)
        if self._is_login_too_many():
            return
        if device is None:
            self._refuse(unknown_terminal(message), Result.FAILED)
        elif not await self._exchange.identities.tokens.is_its(device, proof.token):
            self._refuse(wrong_token(message), Result.FAILED)
        else:
            self._call.terminal, self._call.edition = header.terminal, header.edition
            await self._become(device)
            self._call.send(self._call.reply(message, Result.OK))

    async def _deregister(self, message: Message) -> None:
        if self.device:
            log.info("%s: %s deregisters", self._call.name, self.device.code)
            await self._exchange.identities.tokens.end(self.device)
        await self._become(None)
        self._call.send(self._call.reply(message, Result.OK))

    async def _become(self, device: Device | None) -> None:
        """Go on as a device, or as a stranger."""
        await self._hand_on()  # what came until now is of who it was until now
        if self.device:
            self._exchange.lines.go(self.device.id, self._call)
        self.device = device
        if device is None:
            self._call.unprove()
        else:
            self._call.prove()
            self._exchange.lines.come(device.id, self._call, code=device.code)

    def _is_login_too_many(self) -> bool:
        self._logins += 1
        if self._logins <= self._exchange.doors.limits.logins:
            return False
        self._call.hang_up(f"tried to log in {self._logins} times on one line")
        return True

    def _is_stranger(self, message: Message) -> bool:
        """Whether this is not who has proved who it is, or is registered no longer."""
        device = self._exchange.identities.device(message.header.terminal)
        return not (device and self.device and device.id == self.device.id)

    def _refuse_stranger(self, message: Message) -> None:
        device = self._exchange.identities.device(message.header.terminal)
        why = unproven_terminal(message) if device else unknown_terminal(message)
        self._refuse(why, Result.FAILED)

    def _locate(
        self, message: Message, body: Location | LocationBatch | PositionAnswer
    ) -> None:
        """Take positions under the device's address, and refuse what is none."""
        address = self.device.address if self.device else ""
        found = positions_of(body, address)
        bad = [each for each in found if isinstance(each, BadReport)]
        self._news.positions += [x for x in found if not isinstance(x, BadReport)]
        for each in bad:
            self._refuse(ProtocolError(each.reason, each.detail, each.octets))
        if isinstance(body, PositionAnswer):
            self._note_answer(message)
            return
        is_all_bad = bool(bad) and len(bad) == len(found)
        result = Result.MALFORMED if is_all_bad else Result.OK
        self._news.answers.append(self._call.reply(message, result))

    def _note_answer(self, message: Message) -> None:
        if self.device:
            self._exchange.answered(self.device, message)

    def _refuse(self, error: ProtocolError, result: Result | None = None) -> None:
        """Send to quarantine, and answer once it is there, if it can be answered."""
        call = self._call
        self._faults += self.device is None
        self._news.refusals.append(
            refused(error, device=self.device, terminal=call.terminal, peer=call.name)
        )
        if result is None or not isinstance(error, MessageError) or not error.header:
            return
        self._news.answers.append(call.replies(error.header, error.serials, result))

    async def _hand_on(self) -> None:
        news, self._news = self._news, News()
        octets = b"".join(news.answers)
        send = partial(self._call.send, octets)
        if not news.is_to_be_stored:
            send()
            return
        await self._exchange.inbox.put(
            news.arrival(
                self.device,
                self._call.name,
                at=self._exchange.clock(),
                committed=send,
            )
        )
