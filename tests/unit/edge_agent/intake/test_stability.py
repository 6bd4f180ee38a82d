"""edge_agent.intake.stability."""

from pathlib import Path

from edge_agent.intake.capture import Fingerprint
from edge_agent.intake.stability import StabilityTracker
from tests.support.clock import HandClock


class Files:
    """Fingerprints by hand."""

    def __init__(self) -> None:
        self.size: dict[Path, int] = {}

    def look(self, path: Path) -> Fingerprint:
        return Fingerprint(self.size.get(path, -1), 0, 0)


A, B = Path("/a.jpg"), Path("/b.jpg")


def make() -> tuple[StabilityTracker, HandClock, Files]:
    clock, files = HandClock(), Files()
    return StabilityTracker(0.5, clock, files.look), clock, files


def test_file_is_stable_when_it_stood_still_long_enough() -> None:
    tracker, clock, files = make()
    files.size[A] = 10
    tracker.touch(A)
    assert tracker.seconds_to_wait() == 0.5
    clock.now += 0.49
    assert tracker.pop_stable() is None
    clock.now += 0.02
    assert tracker.pop_stable() == A
    assert tracker.pop_stable() is None
    assert tracker.seconds_to_wait() is None


def test_each_event_begins_the_wait_anew() -> None:
    tracker, clock, files = make()
    files.size[A] = 10
    tracker.touch(A)
    for _ in range(5):
        clock.now += 0.4
        assert tracker.pop_stable() is None
        tracker.touch(A)
    clock.now += 0.5
    assert tracker.pop_stable() == A


def test_growth_without_an_event_is_seen() -> None:
    tracker, clock, files = make()
    files.size[A] = 10
    tracker.touch(A)
    files.size[A] = 20
    clock.now += 0.6
    assert tracker.pop_stable() is None
    clock.now += 0.5
    assert tracker.pop_stable() == A


def test_growing_file_does_not_hold_up_the_next() -> None:
    tracker, clock, files = make()
    files.size.update({A: 10, B: 10})
    tracker.touch(A)
    tracker.touch(B)
    files.size[A] = 11
    clock.now += 0.5
    assert tracker.pop_stable() == B


def test_vanished_file_is_handed_out_once_so_that_its_loss_is_told() -> None:
    tracker, clock, files = make()
    files.size[A] = 10
    tracker.touch(A)
    del files.size[A]
    clock.now += 0.5
    assert tracker.pop_stable() is None
    clock.now += 0.5
    assert tracker.pop_stable() == A
    assert len(tracker) == 0


def test_forgotten_file_is_not_handed_out() -> None:
    tracker, clock, _ = make()
    tracker.touch(A)
    assert A in tracker
    tracker.forget(A)
    tracker.forget(B)
    clock.now += 1
    assert A not in tracker
    assert tracker.pop_stable() is None
