"""What was kept stays kept: torn tails, damaged files, second processes."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.forwarding import queue_file
from ingest.forwarding.queue_file import DiskFullError, QueueFile, QueueInUseError
from ingest.protocols.gezhi_json import DeviceReadings, UpMessage, decode
from vocabulary.times import us_from_datetime

START = datetime(2026, 11, 21, 4, tzinfo=UTC)


def message(value: float) -> UpMessage:
    part = DeviceReadings(
        device="CAB-1/1", measured_at=START, values={"voltage_v": value}
    )
    return UpMessage(readings=[part])


def seqs_in(path: Path) -> list[int]:
    queue = QueueFile(path)
    rows = queue.read(after=0, before=None, limit=10_000)
    queue.close()
    assert [decode(row.payload).seq for row in rows] == [row.seq for row in rows]
    return [row.seq for row in rows]


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    queue = QueueFile(tmp_path / "queue.db")
    queue.add([message(1), message(2)], at=START)
    assert queue.remove([1, 2]) > 0
    assert queue.depth().messages == 0
    queue.close()
    queue = QueueFile(tmp_path / "queue.db")
    queue.add([message(3)], at=START + timedelta(seconds=1))
    (row,) = queue.read(after=0, before=None, limit=10)
    assert decode(row.payload).seq == row.seq == 3
    assert decode(row.payload).sent_at == START + timedelta(seconds=1)
    queue.close()


def test_the_depth_is_what_waits(tmp_path: Path) -> None:
    queue = QueueFile(tmp_path / "queue.db")
    added = queue.add([message(1), message(2)], at=START)
    added += queue.add([message(3)], at=START + timedelta(minutes=1))
    depth = queue.depth()
    assert (depth.messages, depth.octets, depth.next_seq) == (3, added, 4)
    assert depth.oldest_us == us_from_datetime(START)
    assert queue.first_made_since(START + timedelta(seconds=1)) == 3
    assert queue.first_made_since(START + timedelta(hours=1)) == 4
    assert depth.octets - queue.remove([2, 9]) == queue.depth().octets
    queue.close()


def test_of_a_torn_tail_only_what_was_never_committed_is_lost(tmp_path: Path) -> None:
    """A power cut leaves any part of what was written since the last commit."""
    live = QueueFile(tmp_path / "queue.db")
    sizes = []
    wal = tmp_path / "queue.db-wal"
    for number in range(1, 31):
        live.add([message(number)], at=START)
        sizes.append(wal.stat().st_size)
    whole = wal.read_bytes()
    for cut in range(sizes[9], sizes[-1], 997):
        torn = tmp_path / f"torn-{cut}"
        torn.mkdir()
        shutil.copy(tmp_path / "queue.db", torn / "queue.db")
        tail = whole[:cut] + bytes(b ^ 0x5A for b in whole[cut : cut + 300])
        (torn / "queue.db-wal").write_bytes(tail)
        committed = sum(size <= cut for size in sizes)
        assert seqs_in(torn / "queue.db") == list(range(1, committed + 1))
        assert not list(torn.glob("*.damaged*"))
    live.close()


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "queue.db"
    for time in (1, 2):
        path.write_bytes(b"this is no database" * 500)
        assert seqs_in(path) == []
        assert (tmp_path / f"queue.db.damaged-{time}").exists()
    assert "set aside" in caplog.text or "kept as" in caplog.text


def test_a_disk_that_is_nearly_full_takes_no_more_and_can_still_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = QueueFile(tmp_path / "queue.db")
    queue.add([message(1)], at=START)
    monkeypatch.setattr(queue_file, "RESERVE_OCTETS", 2**62)
    with pytest.raises(DiskFullError):
        queue.add([message(2)], at=START)
    assert queue.remove([1]) > 0
    monkeypatch.undo()
    queue.add([message(2)], at=START)
    assert queue.depth().next_seq == 3
    queue.close()


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    first = QueueFile(tmp_path / "queue.db")
    with pytest.raises(QueueInUseError):
        QueueFile(tmp_path / "queue.db")
    first.close()
    QueueFile(tmp_path / "queue.db").close()
