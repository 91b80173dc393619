"""One connection to a Modbus gateway: each outcome of a request by its own name.

The only importer of pymodbus on this side of the wire.
"""

import asyncio
from collections.abc import Sequence

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from ingest.protocols.modbus_adu import EXCEPTION_BIT, ReadRequest, exception_error
from ingest.protocols.register_layout import Block, Table
from vocabulary.device import Transport

_ABSENCES = (10, 11)  # the gateway says that the slave does not answer
_FRAMERS = {
    Transport.MODBUS_TCP: FramerType.SOCKET,
    Transport.MODBUS_RTU_TCP: FramerType.RTU,
}
_NEVER = 1 << 60  # pymodbus would hang up on the living after some silent ones


class SilenceError(Exception):
    """The slave did not answer in time, or not what was asked, or the link broke."""


class ExceptionAnswerError(Exception):
    """The slave answered that it cannot.

    Attributes:
        error: What it said, for quarantine.
        is_absence: Whether it is the gateway's word that the slave is not there.
    """

    def __init__(self, asked: ReadRequest, code: int) -> None:
        self.error = exception_error(asked, code)
        super().__init__(self.error.detail)
        self.is_absence = code in _ABSENCES


class ModbusLink:
    """A connection that is made anew after each doubt about it.

    RTU frames carry no transaction number: after a time-out the late answer to one
    request would be taken for the answer to the next. TCP frames carry one, but there
    are gateways that fill in the last request's. So whoever sees a `SilenceError` calls
    `connect` again before asking on; that also finds out whether the peer is there.
    """

    def __init__(
        self, host: str, port: int, *, transport: Transport, timeout_s: float
    ) -> None:
        self._host = host
        self._port = port
        self._framer = _FRAMERS[transport]
        self._timeout_s = timeout_s
        self._client: AsyncModbusTcpClient | None = None

    @property
    def is_up(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._client is not None and self._client.connected

    async def connect(self) -> bool:
        """Make a new connection, dropping the old one; return whether it stands."""
        self.close()
        # Reconnecting and retrying are ours to decide: both hide what happened.
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            framer=self._framer,
            timeout=self._timeout_s,
            retries=0,
            reconnect_delay=0,
        )
        client.set_max_no_responses(_NEVER)
        self._client = client
        is_up = await client.connect()
        _end_if_cancelled()
        return is_up

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
        if self._client is None or not self._client.connected:
            raise SilenceError("link broke")
        asked = ReadRequest(
            unit_id=unit_id, table=block.table, address=block.address, count=block.count
        )
        try:
            answer = await _request(self._client, asked)
            _end_if_cancelled()
        except ModbusException as error:
            why = f"no answer in {self._timeout_s:g} s" if self.is_up else "link broke"
            raise SilenceError(why) from error
        return _words(answer, asked)


def _end_if_cancelled() -> None:
    # Python 3.11's asyncio.wait_for, inside pymodbus, swallows a cancellation that
    # comes in the same turn of the loop as the answer.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _request(client: AsyncModbusTcpClient, asked: ReadRequest) -> ModbusPDU:
    ask = {
        Table.COIL: client.read_coils,
        Table.DISCRETE: client.read_discrete_inputs,
        Table.HOLDING: client.read_holding_registers,
        Table.INPUT: client.read_input_registers,
    }[asked.table]
    return await ask(asked.address, count=asked.count, device_id=asked.unit_id)


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
