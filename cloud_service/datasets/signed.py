"""What signed reports offer to a data set on its way in: images of theirs, and labels that it must not contradict."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from cloud_service.database import portions
from cloud_service.datasets.known import Images
from cloud_service.datasets.materials import MaterialImage
from cloud_service.datasets.orders import SignedLabel
from cloud_service.ml.datasets.patterns import patterns_from
from cloud_service.models import KEPT, Capture, DatasetImage, LabelCandidate

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True, slots=True)
class SignedImages:
    """Images of signed cases, and in sentences which were left out, and why."""

    images: list[MaterialImage]
    left_out: list[str]


def signed_images(session: Session, *, site: str | None, since: datetime | None) -> SignedImages:
    """The images of signed cases that have a label, each case a group of its own.

    Args:
        session: the transaction.
        site: of whose cases; None: of all sites.
        since: cases signed then or later; None: all.
    """
    offered = select(LabelCandidate, Capture).join(Capture, Capture.id == LabelCandidate.capture_id)
    if site is not None:
        offered = offered.where(LabelCandidate.site_id == site)
    if since is not None:
        offered = offered.where(LabelCandidate.signed_at >= since)
    images, excluded = [], Counter[str]()
    for candidate, capture in session.execute(offered.order_by(LabelCandidate.capture_id)):
        if candidate.is_all is None:
            excluded[candidate.excluded_because or ""] += 1
        elif capture.state in KEPT:
            images.append(_image(candidate, capture))
        else:
            excluded["the image itself is not kept"] += 1
    return SignedImages(images, [f"{_images(count)} left out: {why}" for why, count in excluded.most_common()])


def signed_labels(session: Session) -> list[SignedLabel]:
    """Every label that a signed report gives an image."""
    offered = select(LabelCandidate, Capture.sha256, Capture.original_sha256)
    offered = offered.join(Capture, Capture.id == LabelCandidate.capture_id).where(LabelCandidate.is_all.is_not(None))
    return [
        SignedLabel(
            capture_id=candidate.capture_id,
            case_id=candidate.case_id,
            is_all=bool(candidate.is_all),
            sha256s=(sha256, original),
        )
        for candidate, sha256, original in session.execute(offered)
    ]


def signed_patterns(session: Session) -> Images:
    """What images with a signed label look like, as far as a data set holds them; their names are those of captures."""
    held: dict[UUID, DatasetImage] = {}
    rows = select(DatasetImage).join(LabelCandidate, LabelCandidate.capture_id == DatasetImage.capture_id)
    for image in session.scalars(rows.where(LabelCandidate.is_all.is_not(None)).options(undefer(DatasetImage.pattern))):
        assert image.capture_id is not None  # noqa: S101 - it was joined by it
        held[image.capture_id] = image
    return Images(
        names=[str(capture_id) for capture_id in held],
        sha256s=[image.sha256 for image in held.values()],
        patterns=patterns_from([image.pattern for image in held.values()]),
        groups=[image.group for image in held.values()],
    )


def amended_since(session: Session, labels: dict[UUID, bool]) -> int:
    """How many captures no longer have the label that signed reports gave them.

    Args:
        session: the transaction.
        labels: by capture id, what was signed.
    """
    changed = 0
    for ids in portions(list(labels)):
        rows = select(LabelCandidate.capture_id, LabelCandidate.is_all).where(LabelCandidate.capture_id.in_(ids))
        changed += sum(labels[capture_id] is not is_all for capture_id, is_all in session.execute(rows))
    return changed


def _image(candidate: LabelCandidate, capture: Capture) -> MaterialImage:
    return MaterialImage(
        name=f"{candidate.case_id}/{candidate.capture_id}{_SUFFIXES[capture.media_type]}",
        sha256=capture.sha256,
        is_all=bool(candidate.is_all),
        group=str(candidate.case_id),
        kind="field",
        class_name="ALL" if candidate.is_all else "not_all",
        capture_id=capture.id,
    )


def _images(count: int) -> str:
    return f"{count:,} {'image' if count == 1 else 'images'}"
