"""Captures over HTTP."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.captures import attention, service
from cloud_service.captures.queries import Filters
from cloud_service.captures.schemas import CaptureCounts, CaptureDetail, CapturePage, CaptureSummary
from cloud_service.captures.service import Edge
from cloud_service.database import transaction
from cloud_service.ml.attention import Side
from cloud_service.models import Capture
from cloud_service.web.schemas import Moment
from cloud_service.web.services import Reading, Services, Writing, services
from shared.identifiers import SlugId
from shared.imaging.decode import ImageLimits
from shared.vocabulary import CaptureState

router = APIRouter(prefix="/api/v1/captures", tags=["captures"])

IMAGES_AT_ONCE = 2

# A browser keeps a capture's bytes, which never change, but asks each time whether its user may see them still.
_ASK_AGAIN = "private, no-cache"

Viewer = Annotated[Identity, requires(Permission.SEE_CAPTURES)]
Retrier = Annotated[Identity, requires(Permission.RETRY_ANALYSES)]
CasePseudonym = Annotated[str, Query(pattern=r"^[0-9a-f]{32}$")]


def _image_slot() -> Iterator[None]:
    """Holds a place among the few that decode at once; who waits for one keeps no thread busy."""
    yield


_A_SLOT = Depends(_image_slot, scope="function", max_concurrency=IMAGES_AT_ONCE)


def _wanted(
    state: Annotated[list[CaptureState], Query()] = [],  # noqa: B006 - FastAPI copies defaults
    site: SlugId | None = None,
    device: SlugId | None = None,
    case: CasePseudonym | None = None,
    captured_from: Annotated[Moment | None, Query(alias="from", description="taken at or after")] = None,
    captured_before: Annotated[Moment | None, Query(alias="to", description="taken before")] = None,
) -> Filters:
    """Which captures a request asks for."""
    return Filters(
        states=state,
        site=site,
        device=device,
        case=case,
        captured_from=captured_from,
        captured_before=captured_before,
    )


@router.get("")
def list_captures(
    who: Viewer,
    session: Reading,
    filters: Annotated[Filters, Depends(_wanted)],
    before: Annotated[UUID | None, Query(description="the last capture of the page before this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CapturePage:
    """Captures, newest announcement first; where there are more, ask for those `before` the last one."""
    return service.page(session, who, filters=filters, before=before, limit=limit)


@router.get("/counts")
def count_captures(who: Viewer, session: Reading, filters: Annotated[Filters, Depends(_wanted)]) -> CaptureCounts:
    """How many captures stand where; the filters are those of the list."""
    return service.counts(session, who, filters=filters)


@router.get("/{capture_id}")
def get_capture(who: Viewer, session: Writing, capture_id: UUID) -> CaptureDetail:
    """One capture with its custody trail, its newest prediction, its analysis and its results' way to the device."""
    return service.detail(session, who, capture_id)


@router.get(
    "/{capture_id}/image",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}, 304: {"description": "The browser has it."}},
    dependencies=[_A_SLOT],
)
def get_image(
    who: Viewer,
    request: Request,
    session: Reading,
    capture_id: UUID,
    edge: Annotated[Edge | None, Query(description="longer side of a JPEG; without, the stored bytes")] = None,
) -> Response:
    """The capture's bytes as they are stored, or a smaller JPEG. All but the smallest is audited as seen."""
    held = services(request)
    capture = service.stored_capture(session, who, capture_id)
    media_type = "image/jpeg" if edge else capture.media_type
    tag = f"{capture.sha256}-{edge.value}" if edge else capture.sha256
    headers = _image_headers(capture, tag, media_type.partition("/")[2])
    has_it = _has_it(request, headers)
    data = b"" if has_it else _bytes(held, capture, edge)
    if edge is not Edge.THUMBNAIL:
        # After the slow part: on SQLite nobody else writes meanwhile.
        with transaction(held.engine) as noting:
            service.note_image_seen(noting, who, capture)
    if has_it:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


@router.get(
    "/{capture_id}/attention",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {"description": "The browser has it."}},
)
def get_attention(
    who: Viewer,
    request: Request,
    session: Reading,
    capture_id: UUID,
    evidence: Annotated[Side, Query(description="what is shown: evidence for the answer, for ALL, or against it")] = (
        Side.ANSWER
    ),
) -> Response:
    """Where the model looked, as a small PNG to stretch over the whole image: attention, not proof. Audited as seen.

    Clear where there is little; colours are shares of the strongest place in this very image. Where there is no map, a
    problem says why.
    """
    looked = attention.looked_at(session, who, capture_id)
    headers = _image_headers(looked.capture, looked.tag(evidence), "attention.png")
    has_it = _has_it(request, headers)
    data = b"" if has_it else attention.drawn(looked, evidence)
    with transaction(services(request).engine) as noting:
        attention.note_attention_seen(noting, who, looked.capture)
    if has_it:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(data, media_type="image/png", headers=headers)


@router.post("/{capture_id}/retry")
def retry_capture(who: Retrier, request: Request, capture_id: UUID) -> CaptureSummary:
    """Let a failed analysis be tried again."""
    held = services(request)
    with transaction(held.engine) as session:
        summary = service.retry(session, who, capture_id)
    # Only after the commit: a worker that is told earlier would find nothing to do.
    held.notifier.inference()
    held.notifier.changes()
    return summary


def _bytes(held: Services, capture: Capture, edge: Edge | None) -> bytes:
    if edge is None:
        return service.image(held.blobs, capture)
    limits = ImageLimits(max_pixels=held.settings.capture_max_pixels, max_bytes=held.settings.capture_max_bytes)
    return service.rendition(held.blobs, capture, edge, limits)


def _image_headers(capture: Capture, tag: str, extension: str) -> dict[str, str]:
    return {
        "Cache-Control": _ASK_AGAIN,
        "Content-Disposition": f'inline; filename="{capture.id}.{extension}"',
        "ETag": f'"{tag}"',
    }


def _has_it(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether the browser holds these very bytes (RFC 9110 section 13.1.2)."""
    return headers["ETag"] in request.headers.get("if-none-match", "")
