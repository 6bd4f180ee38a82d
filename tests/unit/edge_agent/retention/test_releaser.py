import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from edge_agent.outbox.outbox import Outbox
from edge_agent.retention import releaser
from edge_agent.retention.releaser import Releaser
from edge_agent.retention.retention import Release, Released, Retention, StoredFile
from shared.errors import TransientError
from tests.support.edge import a_capture, stored

SECONDS = 10.0


class Shelf(Retention):
    """Stands for the archive: names each original that it is given, and fails as often as it is told."""

    def __init__(self, faults: int = 0) -> None:
        self.given: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._faults = faults

    def release(self, file: StoredFile) -> Released:
        self.given.put(file.path.name)
        if self._faults:
            self._faults -= 1
            raise TransientError("The share is away.")
        return Released(Release.MOVED, file.path)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def put_and_store(outbox: Outbox, name: str) -> UUID:
    capture = a_capture(name.encode(), path=Path(f"/captures/{name}"))
    capture_id = outbox.put(capture).capture_id
    outbox.stored(stored(capture_id, capture.sha256))
    return capture_id


@contextmanager
def at_work(outbox: Outbox, shelf: Shelf) -> Iterator[Releaser]:
    working = Releaser(outbox, shelf)
    thread = threading.Thread(target=working.run)
    thread.start()
    yield working
    working.stop()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_it_begins_with_all_that_a_former_process_left_and_goes_on_with_what_it_is_told(outbox: Outbox) -> None:
    shelf = Shelf()
    put_and_store(outbox, "before.jpg")

    with at_work(outbox, shelf) as working:
        assert shelf.given.get(timeout=SECONDS) == "before.jpg"
        put_and_store(outbox, "untold.jpg")
        working.wake(put_and_store(outbox, "told.jpg"))
        assert shelf.given.get(timeout=SECONDS) == "told.jpg"

    assert [original.path.name for original in outbox.unsettled_originals()] == ["untold.jpg"]
    assert shelf.given.empty()


def test_what_failed_is_tried_again_while_others_go_on(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releaser, "RETRY_SECONDS", 0.05)
    shelf = Shelf(faults=2)
    put_and_store(outbox, "first.jpg")

    with at_work(outbox, shelf) as working:
        working.wake(put_and_store(outbox, "second.jpg"))
        given = {shelf.given.get(timeout=SECONDS) for _ in range(4)}

    assert given == {"first.jpg", "second.jpg"}
    assert outbox.unsettled_originals() == []


def test_a_capture_without_a_receipt_keeps_its_original(outbox: Outbox) -> None:
    shelf = Shelf()
    waiting = outbox.put(a_capture(b"1")).capture_id

    assert Releaser(outbox, shelf).release([waiting])

    assert shelf.given.empty()


def test_what_was_done_is_written_down_also_where_another_one_failed(outbox: Outbox) -> None:
    shelf = Shelf(faults=1)
    captures = [put_and_store(outbox, name) for name in ("1.jpg", "2.jpg", "3.jpg")]

    assert not Releaser(outbox, shelf).release(captures)

    assert [original.path.name for original in outbox.unsettled_originals()] == ["1.jpg"]


def test_a_full_disk_puts_it_off(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    capture_id = put_and_store(outbox, "1.jpg")
    working = Releaser(outbox, shelf)

    def full(_paths: object) -> None:
        raise TransientError("The outbox could not be written.")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "settle", full)
        assert not working.release([capture_id])
    assert working.release()

    assert outbox.unsettled_originals() == []
