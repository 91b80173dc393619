"""One line to Modbus slaves: each outcome of a request by its own name.

The only importer of pymodbus on this side of the wire.
"""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from ingest.protocols.modbus_adu import exception_error
from ingest.protocols.modbus_frame import (
    EXCEPTION_BIT,
    ReadRequest,
    Request,
    WriteRequest,
    find_answer,
)
from ingest.protocols.register_layout import Block, Table
from tasks.cancellation import heeding
from vocabulary.device import Gateway, Transport
from vocabulary.serial_line import SerialLine, serial_line

BY_SHAPE = frozenset({Transport.MODBUS_RTU_TCP, Transport.MODBUS_RTU})
"""Transports whose answers carry no number: only their shape says what they answer."""

_ABSENCES = (10, 11)  # the gateway says that the slave does not answer
_ACKNOWLEDGE = 5  # "accepted, but it takes long": no refusal
_LONGEST_EXCHANGE = 8 + 256  # octets of a request to read and the longest answer
_NEVER = 1 << 60  # pymodbus would hang up on the living after some silent ones

_Client: TypeAlias = AsyncModbusTcpClient | AsyncModbusSerialClient


class SilenceError(Exception):
    """The slave did not answer in time, or not what was asked, or the link broke."""


class ExceptionAnswerError(Exception):
    """The slave answered that it cannot.

    Attributes:
        error: What it said, for quarantine.
        is_absence: Whether it is the gateway's word that the slave is not there.
    """

    def __init__(self, asked: Request, code: int) -> None:
        self.error = exception_error(asked, code)
        super().__init__(self.error.detail)
        self.is_absence = code in _ABSENCES


class ModbusLink:
    """A connection that is made anew after each doubt about it.

    RTU frames carry no transaction number: after a time-out the late answer to one
    request would be taken for the answer to the next. TCP frames carry one, but there
    are gateways that fill in the last request's. So whoever sees a `SilenceError` calls
    `connect` again before asking on; that also finds out whether the peer is there.

    A new connection does not help where the late answer comes by it all the same: on a
    serial line of ours, and from serial servers that answer whoever is connected by
    then. So of what comes in RTU frames only what has the unit, function, length and
    CRC of the answer is taken for it (`find_answer`), and whoever asks a slave that was
    silent asks it a `probe_of` first.
    """

    def __init__(self, gateway: Gateway, *, timeout_s: float) -> None:
        """Know a line; connect to nothing yet.

        Args:
            gateway: Where to connect, and the framing.
            timeout_s: How long a slave may take to answer. The time that octets take on
                a serial line is added.

        Raises:
            ValueError: If the gateway's serial line is set to nothing that there is.
        """
        self._gateway = gateway
        is_serial = gateway.transport is Transport.MODBUS_RTU
        self._line = serial_line(gateway.line) if is_serial else None
        on_the_wire_s = self._line.frame_s(_LONGEST_EXCHANGE) if self._line else 0.0
        self.timeout_s = timeout_s + on_the_wire_s
        self._client: _Client | None = None
        self._asked: Request | None = None
        self._heard_s = float("-inf")

    @property
    def is_up(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._client is not None and self._client.connected

    @property
    def where(self) -> str:
        """What it connects to."""
        if self._line:
            return f"{self._gateway.host} ({self._gateway.line})"
        return f"{self._gateway.host}:{self._gateway.port}"

    async def connect(self) -> bool:
        """Make a new connection, dropping the old one; return whether it stands."""
        self.close()
        client = self._serial(self._line) if self._line else self._tcp()
        client.set_max_no_responses(_NEVER)
        self._client = client
        return await heeding(client.connect())

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, block: Block, *, unit_id: int) -> Sequence[int]:
        """Ask one slave for one block.

        Returns:
            Its registers, or its bits as 0 and 1; `block.count` of them.

        Raises:
            ExceptionAnswerError: If the slave says that it cannot.
            SilenceError: If no answer came in time, or not the one asked for, or the
                connection broke.
        """
        asked = ReadRequest(
            unit_id=unit_id, table=block.table, address=block.address, count=block.count
        )
        return _words(await self._exchange(asked), asked)

    async def probe(self, probe: ReadRequest) -> None:
        """Wait for the answer to a `probe_of`, be it that the slave cannot.

        Raises:
            SilenceError: If none came.
        """
        await self._exchange(probe)

    async def write(self, request: WriteRequest) -> None:
        """Tell one slave something.

        Raises:
            ExceptionAnswerError: If the slave says that it cannot.
            SilenceError: As for `read`; then it may have obeyed, or not.
        """
        answer = await self._exchange(request)
        if answer.function_code == request.function | EXCEPTION_BIT:
            if answer.exception_code == _ACKNOWLEDGE:
                return
            raise ExceptionAnswerError(request, answer.exception_code)
        if (answer.function_code, answer.address) != (
            request.function,
            request.address,
        ):
            raise SilenceError("an answer to something else")

    async def _exchange(self, asked: Request) -> ModbusPDU:
        if self._client is None or not self._client.connected:
            raise SilenceError("link broke")
        try:
            if self._line:
                await self._wait_for_silence(self._line)
            self._asked = asked
            answer = await heeding(_request(self._client, asked))
        except ModbusException as error:
            why = f"no answer in {self.timeout_s:.3g} s" if self.is_up else "link broke"
            raise SilenceError(why) from error
        return answer

    async def _wait_for_silence(self, line: SerialLine) -> None:
        """Wait until a frame of ours can be told from what came before it."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        while (now_s := clock()) < self._heard_s + line.silence_s():
            if now_s > began_s + self.timeout_s:
                raise SilenceError("the line is never quiet")
            await asyncio.sleep(self._heard_s + line.silence_s() - now_s)

    def _tcp(self) -> AsyncModbusTcpClient:
        # Reconnecting and retrying are ours to decide: both hide what happened.
        is_rtu = self._gateway.transport in BY_SHAPE
        return AsyncModbusTcpClient(
            self._gateway.host,
            port=self._gateway.port,
            framer=FramerType.RTU if is_rtu else FramerType.SOCKET,
            timeout=self.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._answer_in if is_rtu else None,
        )

    def _serial(self, line: SerialLine) -> AsyncModbusSerialClient:
        return AsyncModbusSerialClient(
            self._gateway.host,
            baudrate=line.baud,
            bytesize=line.data_bits,
            parity=line.parity,
            stopbits=line.stop_bits,
            timeout=self.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._answer_in,
        )

    def _answer_in(self, sending: bool, octets: bytes) -> bytes:  # noqa: FBT001 (pymodbus's signature)
        """Show pymodbus nothing but the frame that answers.

        It would take the noise before a frame for its beginning, and drop both.
        """
        if sending:
            return octets
        self._heard_s = asyncio.get_running_loop().time()
        return find_answer(octets, self._asked) if self._asked else b""


async def _request(client: _Client, asked: Request) -> ModbusPDU:
    if isinstance(asked, WriteRequest):
        return await _write(client, asked)
    ask = {
        Table.COIL: client.read_coils,
        Table.DISCRETE: client.read_discrete_inputs,
        Table.HOLDING: client.read_holding_registers,
        Table.INPUT: client.read_input_registers,
    }[asked.table]
    return await ask(asked.address, count=asked.count, device_id=asked.unit_id)


async def _write(client: _Client, told: WriteRequest) -> ModbusPDU:
    at, unit_id = told.address, told.unit_id
    if told.table is Table.COIL:
        coils = [bool(word) for word in told.words]
        if told.is_single:
            return await client.write_coil(at, coils[0], device_id=unit_id)
        return await client.write_coils(at, coils, device_id=unit_id)
    if told.is_single:
        return await client.write_register(at, told.words[0], device_id=unit_id)
    return await client.write_registers(at, list(told.words), device_id=unit_id)


def _words(answer: ModbusPDU, asked: ReadRequest) -> Sequence[int]:
    if answer.function_code == asked.table | EXCEPTION_BIT:
        raise ExceptionAnswerError(asked, answer.exception_code)
    words: Sequence[int] = answer.registers
    if asked.table in (Table.COIL, Table.DISCRETE):
        # Bits come in whole octets; the last ones mean nothing.
        words = [int(bit) for bit in answer.bits[: asked.count]]
    if answer.function_code != asked.table or len(words) != asked.count:
        raise SilenceError(f"asked for {asked.count}, got {len(words)} values")
    return words
