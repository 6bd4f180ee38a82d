"""What is done with captures on behalf of people: pages, details, images, a retry.

Each function takes who asks and shows nothing beyond that user's site. Who saw a capture's detail or its image is
audited; lists and thumbnails are not, since they would be most of the trail and say least.
"""

import io
from dataclasses import replace
from enum import IntEnum
from uuid import UUID

from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import record
from cloud_service.blob_store import BlobStore
from cloud_service.captures import queries
from cloud_service.captures.queries import Filters
from cloud_service.captures.schemas import (
    CaptureCounts,
    CaptureDetail,
    CapturePage,
    CaptureSummary,
    DeliveryState,
    JobProgress,
)
from cloud_service.captures.summary import capture_summaries, capture_summary
from cloud_service.delivery.events import latest_position
from cloud_service.errors import NotFoundError
from cloud_service.inference.jobs import retry_job
from cloud_service.models import KEPT, Capture, Delivery
from shared.imaging.decode import ImageLimits, open_image
from shared.logs import get_logger
from shared.messages import ResultKind
from shared.vocabulary import JobState


class Edge(IntEnum):
    """How long the longer side of a rendition is at most, in pixels."""

    THUMBNAIL = 160  # in lists; too small to judge by, so it is not audited
    CARD = 640  # in a case's grid of images
    SCREEN = 1280


_QUALITY = {Edge.THUMBNAIL: 80, Edge.CARD: 85, Edge.SCREEN: 90}

log = get_logger(__name__)


def page(session: Session, who: Identity, *, filters: Filters, before: UUID | None, limit: int) -> CapturePage:
    """One page of captures, newest announcement first, with the event position at which it is true.

    Raises:
        NotFoundError: there is no capture `before`.
    """
    filters = replace(filters, within=who.site)
    position = latest_position(session)  # first: what changes from here on, an event behind it tells
    last = queries.capture_by_id(session, before, within=who.site) if before else None
    captures = queries.captures_page(session, filters, before=last, limit=limit + 1)
    summaries = capture_summaries(session, captures[:limit])
    return CapturePage(captures=summaries, more=len(captures) > limit, position=position)


def counts(session: Session, who: Identity, *, filters: Filters) -> CaptureCounts:
    """How many of the captures that the filters let through stand where."""
    found = queries.counts_by_state(session, replace(filters, within=who.site))
    return CaptureCounts(**{state.value: count for state, count in found.items()})


def detail(session: Session, who: Identity, capture_id: UUID) -> CaptureDetail:
    """All that is known of one capture. Audited, so `session` has to be one that writes.

    Raises:
        NotFoundError: there is none with this id.
    """
    capture = queries.capture_by_id(session, capture_id, within=who.site)
    job = queries.job_of(session, capture_id)
    record(session, who.actor, Action.CAPTURE_SEEN, str(capture_id))
    return CaptureDetail(
        **dict(capture_summary(session, capture)),
        sha256=capture.sha256,
        byte_size=capture.byte_size,
        specimen=capture.specimen,
        priority=capture.priority,
        quality=capture.quality,
        job=JobProgress(state=JobState(job.state), attempts=job.attempts, reason=job.reason) if job else None,
        deliveries=[_delivery(delivery) for delivery in queries.deliveries_of(session, capture_id)],
    )


def retry(session: Session, who: Identity, capture_id: UUID) -> CaptureSummary:
    """Let a failed analysis be tried again.

    Raises:
        NotFoundError: there is no such capture.
        ConflictError: its analysis has not failed.
    """
    capture = queries.capture_by_id(session, capture_id, within=who.site)
    retry_job(session, capture_id)
    record(session, who.actor, Action.ANALYSIS_RETRIED, str(capture_id))
    return capture_summary(session, capture)


def stored_capture(session: Session, who: Identity, capture_id: UUID) -> Capture:
    """A capture whose bytes are in the blob store.

    Raises:
        NotFoundError: there is no such capture, or its bytes have not arrived.
    """
    capture = queries.capture_by_id(session, capture_id, within=who.site)
    if capture.state not in KEPT:
        raise NotFoundError(f"Capture {capture_id} is {capture.state}: its image is not here.")
    return capture


def note_image_seen(session: Session, who: Identity, capture: Capture) -> None:
    """Audit that somebody is about to be shown a capture's image."""
    record(session, who.actor, Action.IMAGE_SEEN, str(capture.id))


def image(blobs: BlobStore, capture: Capture) -> bytes:
    """The capture's bytes as they are stored.

    Raises:
        NotFoundError: the blob store has lost them, which is an alarm.
        TransientError: the blob store is away.
    """
    try:
        return blobs.get(capture.sha256)
    except FileNotFoundError as error:
        log.critical("a stored capture has lost its blob", capture=str(capture.id), sha256=capture.sha256)
        raise NotFoundError(
            f"The image of capture {capture.id} is missing from the blob store; tell the administrator."
        ) from error


def rendition(blobs: BlobStore, capture: Capture, edge: Edge, limits: ImageLimits) -> bytes:
    """A JPEG of at most `edge` pixels a side, made from a DCT-scaled decoding where that is possible.

    Raises:
        NotFoundError: the blob store has lost the bytes, which is an alarm.
        TransientError: the blob store is away.
        UnreadableImageError: the bytes are no image within `limits`.
    """
    small = open_image(image(blobs, capture), limits, draft_edge=edge)
    small.thumbnail((edge, edge))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY[edge])
    return buffer.getvalue()


def _delivery(delivery: Delivery) -> DeliveryState:
    return DeliveryState(
        id=delivery.id,
        kind=ResultKind(delivery.payload["kind"]),
        created_at=delivery.created_at,
        attempts=delivery.attempts,
        acknowledged_at=delivery.acknowledged_at,
    )
