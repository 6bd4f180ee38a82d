"""What the intake relies on (edge_agent.intake.capture.CaptureStore), held by the outbox."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.intake.capture import CaptureStore, Fingerprint, PutResult
from edge_agent.outbox.outbox import Outbox
from shared.identifiers import case_pseudonym
from tests.support.edge import a_capture, a_refusal
from tests.support.messages import PSEUDONYM_KEY

OTHER_CASE = case_pseudonym("H26-9999", PSEUDONYM_KEY)
ODD_NAMES = [b"two words.jpg", b"line\nbreak.jpg", "Größe-血.jpg".encode(), b"\xff.jpg"]
Reopen = Callable[[], CaptureStore]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Reopen]:
    """Opens the same store once more, as a restart would."""
    opened: list[Outbox] = []

    def reopen() -> CaptureStore:
        opened.append(Outbox(tmp_path))
        opened[-1].recover()
        return opened[-1]

    yield reopen
    for outbox in opened:
        outbox.close()


class TestCaptureStore:
    def test_a_new_capture_is_known_and_survives_a_restart(self, reopen: Reopen) -> None:
        capture = a_capture(b"one")

        outcome = reopen().put(capture)

        assert outcome.result is PutResult.NEW
        again = reopen()
        assert again.is_known(capture.path, capture.fingerprint)
        assert again.put(capture).capture_id == outcome.capture_id

    def test_the_same_content_is_one_capture(self, reopen: Reopen) -> None:
        store = reopen()
        first = store.put(a_capture(b"one"))

        second = store.put(a_capture(b"one", path=Path("/captures/copy.jpg")))

        assert second.result is PutResult.DUPLICATE
        assert second.capture_id == first.capture_id
        assert store.is_known(Path("/captures/copy.jpg"), a_capture(b"one").fingerprint)

    def test_the_same_content_under_another_case_is_a_conflict_and_leaves_no_trace(self, reopen: Reopen) -> None:
        store = reopen()
        first = store.put(a_capture(b"one"))
        copy = a_capture(b"one", path=Path("/captures/copy.jpg"), case=OTHER_CASE)

        outcome = store.put(copy)

        assert outcome.result is PutResult.CONFLICT
        assert outcome.capture_id == first.capture_id
        assert not store.is_known(copy.path, copy.fingerprint)

    def test_a_changed_file_is_not_known(self, reopen: Reopen) -> None:
        store = reopen()
        capture = a_capture(b"one")
        store.put(capture)

        assert not store.is_known(capture.path, replace(capture.fingerprint, mtime_ns=2))
        assert not store.is_known(Path("/captures/other.jpg"), capture.fingerprint)

    def test_a_refused_file_is_known_until_it_changes(self, reopen: Reopen) -> None:
        path, fingerprint = Path("/captures/broken.jpg"), Fingerprint(3, 1, 1)

        reopen().refuse(a_refusal(path, fingerprint))

        assert reopen().is_known(path, fingerprint)
        assert not reopen().is_known(path, replace(fingerprint, size=4))

    def test_a_refused_file_that_was_mended_is_taken(self, reopen: Reopen) -> None:
        store = reopen()
        capture = a_capture(b"one")
        store.refuse(a_refusal(capture.path))

        assert store.put(capture).result is PutResult.NEW
        assert store.is_known(capture.path, capture.fingerprint)

    @pytest.mark.parametrize(
        "name", [b"two words.jpg", b"line\nbreak.jpg", "Blutausstrich-Größe-血.jpg".encode(), b"\xff.jpg"]
    )
    def test_any_name_that_a_file_can_have(self, reopen: Reopen, name: bytes) -> None:
        capture = a_capture(b"one", path=Path(os.fsdecode(b"/captures/" + name)))

        reopen().put(capture)

        assert reopen().is_known(capture.path, capture.fingerprint)
