"""Cases, what people find in them, and the reports that they sign."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from shared.vocabulary import CaseState, WorkQueue


class Case(Base):
    """All captures of one accession, which its pseudonym stands for.

    What the worklist shows and sorts by is kept here, worked out anew whenever one of the captures changes: a page of
    100,000 cases is read from this table alone.
    """

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("site_id", "pseudonym"),
        # The order of the worklist: the most suspicious first, among equals the oldest. Behind it all that lists are
        # filtered by, so that any filter and the counts read this index alone, whatever they let through.
        Index(
            "ix_case_worklist",
            *("queue", "place", "opened_at", "id"),
            *("state", "answer", "held_by", "failed_images", "site_id", "device_id", "latest_at", "pseudonym", "smear"),
        ),
        Index("ix_case_latest", "latest_at", "id"),
        Index("ix_case_state", "state"),  # for states that are rare
        # PostgreSQL has `ix_case_smear` as well, for searches: see migrations.
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    pseudonym: Mapped[str] = mapped_column(String(32), index=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"))  # that took the newest capture
    # Raised by every change that a person makes: who decides on a case names the version that he has seen.
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16), default=CaseState.OPEN)
    queue: Mapped[str] = mapped_column(String(16), default=WorkQueue.WAITING)
    answer: Mapped[str | None] = mapped_column(String(32))
    reasons: Mapped[list[str]] = mapped_column(server_default="[]")  # why the answer is what it is, in sentences
    # 1 - the highest probability among answers that are not doubted, else among all; 1 before the first. Ascending, so
    # that one index serves the order with `opened_at`.
    place: Mapped[float] = mapped_column(default=1.0)
    probability: Mapped[float | None]  # the highest one among answers that are not doubted
    images: Mapped[int] = mapped_column(default=0)  # stored, analysed or failed
    analysed_images: Mapped[int] = mapped_column(default=0)
    suspicious_images: Mapped[int] = mapped_column(default=0)  # and not doubted
    doubted_images: Mapped[int] = mapped_column(default=0)
    failed_images: Mapped[int] = mapped_column(default=0)
    quality: Mapped[str | None] = mapped_column(String(16))  # the worst verdict
    smear: Mapped[str | None] = mapped_column(String(200))  # of the newest capture that names one
    thumbnails: Mapped[list[str]] = mapped_column(server_default="[]")  # up to 4 capture ids, most suspicious first
    opened_at: Mapped[datetime]  # when the first capture was announced
    latest_at: Mapped[datetime]  # when the newest one was
    held_by: Mapped[str | None] = mapped_column(String(64), index=True)  # user name
    held_since: Mapped[datetime | None]
    second_read: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))  # asked for, and not yet signed
    signed_by: Mapped[str | None] = mapped_column(String(64))
    signed_at: Mapped[datetime | None] = mapped_column(index=True)
    images_since_signature: Mapped[int] = mapped_column(default=0)


class CaseReading(Base):
    """One person's read of a case. There are two where a second read was asked for; signed ones never change."""

    __tablename__ = "case_reading"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]  # from 1; an amendment brings another one
    reader: Mapped[str] = mapped_column(String(64))  # user name
    verdict: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(2000))  # why it differs from the model's answer
    conclusion: Mapped[str | None] = mapped_column(String(4000))  # the reader's own words, for the report
    started_at: Mapped[datetime] = mapped_column(default=now)
    saved_at: Mapped[datetime] = mapped_column(default=now)
    signed_at: Mapped[datetime | None]


class ImageFinding(Base):
    """What a reading says of one image, and that the reader has opened it."""

    __tablename__ = "image_finding"

    reading_id: Mapped[UUID] = mapped_column(ForeignKey("case_reading.id"), primary_key=True)
    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), primary_key=True)
    opened_at: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(2000))
    saved_at: Mapped[datetime] = mapped_column(default=now)


class CaseComment(Base):
    """What somebody wrote to the others about a case; kept as it was written."""

    __tablename__ = "case_comment"
    __table_args__ = (Index("ix_case_comment_case", "case_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    author: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(String(4000))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Report(Base):
    """A signed diagnosis. Rows are added, never changed: an amendment is another row with the next number."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]  # from 1
    status: Mapped[str] = mapped_column(String(16))  # FHIR R4 DiagnosticReport.status: final or amended
    content: Mapped[dict[str, Any]]  # all that was signed, as the API returns it
    content_sha256: Mapped[str] = mapped_column(String(64))  # of its canonical JSON
    pdf_sha256: Mapped[str] = mapped_column(String(64))  # where the PDF lies in the blob store
    signed_by: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime] = mapped_column(default=now)
    amendment_reason: Mapped[str | None] = mapped_column(String(2000))


@event.listens_for(Report, "before_update")
@event.listens_for(Report, "before_delete")
def _refuse_change(_mapper: object, _connection: object, report: Report) -> None:
    raise TypeError(f"Report {report.id} was signed: it never changes. Amend it, which adds another one.")
