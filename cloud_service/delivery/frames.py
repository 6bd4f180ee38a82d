"""Events as they go over the wire (WHATWG HTML section 9.2), and who may see which."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.delivery.events import EventKind, events_after
from cloud_service.models import Event

_ASKS_FOR = {
    EventKind.CASE: Permission.SEE_CASES,
    EventKind.TRAINING: Permission.SEE_TRAINING,
    EventKind.DATASET: Permission.SEE_TRAINING,
    EventKind.MODEL: Permission.SEE_MODELS,
}
"""What a reader needs beside the right to see captures, to be told of a kind of event."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An event, written out once for all who may see it.

    Attributes:
        position: in the log.
        kind: what it tells of.
        site: whose it is; None where it concerns every site.
        data: the bytes to be sent: its position as `id`, its kind as `event`, its payload as one line of JSON.
    """

    position: int
    kind: str
    site: str | None
    data: bytes

    @classmethod
    def of(cls, event: Event) -> Self:
        """The frame of an event."""
        payload = json.dumps(event.payload, separators=(",", ":"))
        data = format_sse_event(event=event.kind, id=str(event.position), data_str=payload)
        return cls(event.position, event.kind, event.site_id, data)


@dataclass(frozen=True, slots=True)
class View:
    """Which events a reader may see: those of these kinds, of its site or of none; all sites' where `site` is None."""

    site: str | None
    kinds: frozenset[EventKind]

    @classmethod
    def of(cls, who: Identity) -> Self:
        """What the rights of `who` let it see."""
        kinds = (kind for kind in EventKind if _ASKS_FOR.get(kind, Permission.SEE_CAPTURES) in who.permissions)
        return cls(who.site, frozenset(kinds))

    def sees(self, frame: Frame) -> bool:
        """Whether a frame is for this reader."""
        return frame.kind in self.kinds and (self.site is None or frame.site is None or frame.site == self.site)


EVERYTHING = View(None, frozenset(EventKind))


def frames_after(session: Session, position: int, limit: int, view: View = EVERYTHING) -> Sequence[Frame]:
    """What `events_after` finds for a view, as frames."""
    events = events_after(session, position, limit, within=view.site, kinds=view.kinds)
    return [Frame.of(event) for event in events]


class RecentFrames:
    """The newest frames, without gaps, as many as `max_bytes` hold: behind `begin` and up to `end` nothing is missing.

    There is one for all readers; each has but its position, so memory does not grow with their number.
    """

    def __init__(self, max_bytes: int) -> None:
        self.begin = self.end = 0
        self._max_bytes = max_bytes
        self._frames: list[Frame] = []
        self._bytes = 0

    def restart(self, position: int) -> None:
        """Forget all, and hold what comes behind `position`."""
        self.begin = self.end = position
        self._frames, self._bytes = [], 0

    def add(self, frames: Sequence[Frame]) -> None:
        """Take in the frames that follow `end`, in the order of the log; the oldest give way."""
        if not frames:
            return
        self._frames += frames
        self._bytes += sum(len(frame.data) for frame in frames)
        self.end = frames[-1].position
        dropped = 0
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._frames[dropped].data)
            self.begin = self._frames[dropped].position
            dropped += 1
        del self._frames[:dropped]

    def between(self, position: int, reach: int, limit: int) -> Sequence[Frame]:
        """The frames behind `position`, which must not lie before `begin`, up to `reach`; `limit` of them at most."""
        start = bisect_right(self._frames, position, key=_position_of)
        stop = bisect_right(self._frames, reach, lo=start, key=_position_of)
        return self._frames[start : min(stop, start + limit)]


def _position_of(frame: Frame) -> int:
    return frame.position
