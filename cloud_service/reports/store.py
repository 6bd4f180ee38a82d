"""Where reports' PDFs lie: in the blob store under their digest, which is verified on every reading."""

import io
from uuid import UUID

from cloud_service.blob_store import BlobStore
from cloud_service.cases.signing import KeepPdf
from cloud_service.config import Settings
from cloud_service.reports.drawing import draw, shown_images
from cloud_service.reports.schemas import ReportContent, ReportedImage
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import ImageLimits, open_image
from shared.logs import get_logger

_PICTURE_EDGE = 640  # pixels; some 250 an inch at the size in which it is printed
_PICTURE_QUALITY = 85

log = get_logger(__name__)


def pdf_keeper(blobs: BlobStore, settings: Settings) -> KeepPdf:
    """What draws reports and keeps them in a blob store.

    It raises TransientError where the store is away. An image that is lost or cannot be read stops no report: a frame
    stands in its place, and the log says so.
    """
    limits = ImageLimits(max_pixels=settings.capture_max_pixels, max_bytes=settings.capture_max_bytes)

    def keep(content: ReportContent) -> str:
        data = draw(content, _pictures(blobs, limits, shown_images(content)))
        sha256 = sha256_of_bytes(data)
        blobs.put(sha256, data)
        return sha256

    return keep


def _pictures(blobs: BlobStore, limits: ImageLimits, images: list[ReportedImage]) -> dict[UUID, bytes]:
    found = {}
    for image in images:
        try:
            found[image.capture_id] = _picture(blobs.get(image.sha256), limits)
        except (FileNotFoundError, PermanentError) as error:
            log.critical("a report lacks an image", capture=str(image.capture_id), reason=str(error))
    return found


def _picture(data: bytes, limits: ImageLimits) -> bytes:
    small = open_image(data, limits, draft_edge=_PICTURE_EDGE)
    small.thumbnail((_PICTURE_EDGE, _PICTURE_EDGE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_PICTURE_QUALITY)
    return buffer.getvalue()
