"""ThingsBoard's `rpc`: what we ask of a device, and what it answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.thingsboard import (
    MAX_DETAIL,
    RpcAnswer,
    decode_rpc,
    encode_rpc,
    encode_rpc_answer,
)
from vocabulary.refusal import Reason

QUESTION = encode_rpc(device="L-01", number=7, method="dim", params={"pct": 40})

numbers = st.integers(0, 2**63 - 1)


def test_a_question_has_the_form_that_gateways_expect() -> None:
    assert json.loads(QUESTION) == {
        "device": "L-01",
        "data": {"id": 7, "method": "dim", "params": {"pct": 40}},
    }


def test_a_question_of_ours_that_comes_back_is_no_answer() -> None:
    assert decode_rpc(QUESTION) is None


@given(st.text(min_size=1), numbers, st.booleans())
def test_an_answer_is_read_back(device: str, number: int, is_done: bool) -> None:  # noqa: FBT001 - drawn
    octets = encode_rpc_answer(device=device, number=number, is_done=is_done)
    answer = decode_rpc(octets)
    assert answer == RpcAnswer(
        device=device,
        number=number,
        is_done=is_done,
        detail='{"success":true}' if is_done else '{"success":false}',
    )


@pytest.mark.parametrize(
    ("data", "is_done"),
    [
        ('{"success": true}', True),
        ('{"success": false}', False),
        ('{"error": "lamp is dark"}', False),
        ('{"success": true, "error": "but"}', False),
        ('{"value": 21.5}', True),
        ('"ok"', True),
        ("[1, 2]", True),
        ("null", True),
    ],
)
def test_only_a_failure_that_is_told_is_one(data: str, is_done: bool) -> None:  # noqa: FBT001 - a table's
    octets = b'{"device": "L-01", "id": 7, "data": %s}' % data.encode()
    answer = decode_rpc(octets)
    assert answer is not None
    assert (answer.is_done, answer.detail) == (is_done, data)


def test_a_long_answer_is_cut() -> None:
    octets = b'{"device": "L-01", "id": 7, "data": "%s"}' % (b"x" * 10_000)
    answer = decode_rpc(octets)
    assert answer is not None
    assert len(answer.detail) == MAX_DETAIL


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", Reason.BAD_JSON),
        (b'{"device"', Reason.BAD_JSON),
        (b"{}", Reason.BAD_FIELD),
        (b'{"device": 7, "id": 1}', Reason.BAD_FIELD),
        (b'{"device": "L-01", "id": "one"}', Reason.BAD_FIELD),
    ],
)
def test_what_is_neither_is_refused(octets: bytes, reason: Reason) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_rpc(octets)
    assert refused.value.reason is reason


@given(st.binary(max_size=200) | st.integers(0, 2000).map(lambda n: b"[" * n))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    for payload in (octets, b'{"device": "L", "id": 1, "data": %s}' % octets):
        try:
            decode_rpc(payload)
        except ProtocolError as error:
            assert error.octets == payload  # noqa: PT017 - most are refused
