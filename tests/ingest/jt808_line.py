"""A terminal's side of one line, by hand: for tests that want to see every frame."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ingest.protocols.jt808 import (
    Authentication,
    Body,
    Edition,
    Jt808Stream,
    Message,
    PlatformReply,
    Registration,
    RegistrationReply,
    Result,
    encode,
)

PHONE = "013900000001"
PHONE_2019 = "00000000013900000001"
ADDRESS = "13900000001"


def registration(edition: Edition = Edition.OF_2013) -> Registration:
    return Registration(
        edition=edition,
        maker="GEZHI",
        model="GZ-1",
        serial_id="T000001",
        plate_colour=2,
        plate="格A001H1",
    )


@dataclass
class Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    phone: str = PHONE
    edition: Edition = Edition.OF_2013
    serial: int = 0
    stream: Jt808Stream = field(default_factory=Jt808Stream)
    heard: list[Message] = field(default_factory=list)

    def say(self, body: Body) -> int:
        """Send a message; return its first serial number."""
        first = self.serial
        frames = encode(body, terminal=self.phone, serial=first, edition=self.edition)
        self.serial += len(frames)
        self.writer.write(b"".join(frames))
        return first

    async def hear(self) -> Message:
        """Wait for the next message."""
        while not self.heard:
            data = await self.reader.read(4096)
            if not data:
                raise ConnectionResetError
            for item in self.stream.receive_data(data):
                assert isinstance(item, Message)
                self.heard.append(item)
        return self.heard.pop(0)

    async def reply(self) -> PlatformReply:
        """Wait for the next message, which is a general reply."""
        body = (await self.hear()).body
        assert isinstance(body, PlatformReply)
        return body

    async def register(self) -> str:
        """Register and return the token."""
        serial = self.say(registration(self.edition))
        body = (await self.hear()).body
        assert isinstance(body, RegistrationReply)
        assert (body.answered, body.result) == (serial, 0)
        assert body.token
        return body.token

    async def prove(self, token: str) -> Result:
        """Authenticate and return what came of it."""
        serial = self.say(Authentication(token=token))
        reply = await self.reply()
        assert (reply.answered, reply.answered_id) == (serial, 0x0102)
        return Result(reply.result)

    async def log_in(self) -> str:
        """Register and authenticate; return the token."""
        token = await self.register()
        assert await self.prove(token) is Result.OK
        return token

    async def is_closed(self) -> bool:
        """Wait until the other side has hung up."""
        try:
            while await self.reader.read(4096):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def line_to(
    port: int, *, phone: str = PHONE, edition: Edition = Edition.OF_2013
) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer, phone=phone, edition=edition)
    finally:
        writer.transport.abort()
