"""Frames: who sees which, and how many are kept."""

import pytest

from cloud_service.accounts.identity import Credential, CredentialKind, Identity
from cloud_service.accounts.permissions import Role
from cloud_service.delivery.events import EventKind
from cloud_service.delivery.frames import Frame, RecentFrames, View
from cloud_service.models import Event


def a_frame(position: int, *, size: int = 10, kind: EventKind = EventKind.CAPTURE, site: str | None = None) -> Frame:
    return Frame(position, kind, site, b"x" * size)


def positions(recent: RecentFrames, after: int, reach: int = 100, limit: int = 100) -> list[int]:
    return [frame.position for frame in recent.between(after, reach, limit)]


def test_a_frame_is_one_event_of_the_standard() -> None:
    event = Event(position=7, kind=EventKind.CASE, subject="x", payload={"smear": "a\nb"}, site_id="north")
    frame = Frame.of(event)

    assert frame == Frame(7, "case", "north", b'event: case\ndata: {"smear":"a\\nb"}\nid: 7\n\n')


def test_the_newest_frames_are_kept_as_far_as_their_bytes_allow() -> None:
    recent = RecentFrames(max_bytes=35)
    recent.restart(4)
    assert (recent.begin, recent.end, positions(recent, 4)) == (4, 4, [])

    recent.add([a_frame(5), a_frame(6), a_frame(9)])  # 7 and 8 were replaced by later ones
    assert (recent.begin, recent.end, positions(recent, 4)) == (4, 9, [5, 6, 9])
    recent.add([a_frame(10), a_frame(11)])
    assert (recent.begin, recent.end, positions(recent, 6)) == (6, 11, [9, 10, 11])
    recent.add([a_frame(12, size=36)])
    assert (recent.begin, recent.end, positions(recent, 12)) == (12, 12, [])


def test_what_is_taken_begins_behind_a_position_and_keeps_to_its_limit() -> None:
    recent = RecentFrames(max_bytes=1000)
    recent.add([a_frame(position) for position in (1, 2, 5, 6, 7)])

    assert positions(recent, 0, limit=2) == [1, 2]
    assert positions(recent, 3, limit=2) == [5, 6]
    assert positions(recent, 1, reach=5) == [2, 5]
    assert positions(recent, 2, reach=2) == []
    assert positions(recent, 7) == []


@pytest.mark.parametrize(
    ("role", "site", "kind", "of", "is_seen"),
    [
        (Role.TECHNICIAN, "north", EventKind.CAPTURE, "north", True),
        (Role.TECHNICIAN, "north", EventKind.CAPTURE, "south", False),
        (Role.TECHNICIAN, "north", EventKind.DEVICE, None, True),
        (Role.TECHNICIAN, "north", EventKind.CASE, "north", False),
        (Role.CLINICIAN, None, EventKind.CASE, "south", True),
        (Role.CLINICIAN, None, EventKind.TRAINING, None, False),
        (Role.ADMINISTRATOR, None, EventKind.TRAINING, None, True),
    ],
)
def test_a_reader_sees_its_sites_events_of_its_kinds(
    role: Role, site: str | None, kind: EventKind, of: str | None, is_seen: object
) -> None:
    who = Identity("somebody", role, site, Credential.of(CredentialKind.SESSION, "secret"))

    assert View.of(who).sees(a_frame(1, kind=kind, site=of)) is is_seen
