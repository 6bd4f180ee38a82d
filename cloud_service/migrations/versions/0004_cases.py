"""Cases, readings, comments and reports; captures that are there get their cases, by today's rules."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from alembic import op

from cloud_service.cases.standing import Hands, Image, findings, standing

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=True),
        sa.Column("reasons", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("place", sa.Double(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("analysed_images", sa.Integer(), nullable=False),
        sa.Column("suspicious_images", sa.Integer(), nullable=False),
        sa.Column("doubted_images", sa.Integer(), nullable=False),
        sa.Column("failed_images", sa.Integer(), nullable=False),
        sa.Column("quality", sa.String(length=16), nullable=True),
        sa.Column("smear", sa.String(length=200), nullable=True),
        sa.Column("thumbnails", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.String(length=64), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_read", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("images_since_signature", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_case_device_id_device")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_case_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("site_id", "pseudonym", name=op.f("uq_case_site_id_pseudonym")),
    )
    op.create_index(op.f("ix_case_held_by"), "case", ["held_by"])
    op.create_index(op.f("ix_case_pseudonym"), "case", ["pseudonym"])
    op.create_index(op.f("ix_case_signed_at"), "case", ["signed_at"])
    op.create_index("ix_case_latest", "case", ["latest_at", "id"])
    filters = ["state", "answer", "held_by", "failed_images", "site_id", "device_id", "latest_at", "pseudonym", "smear"]
    op.create_index("ix_case_worklist", "case", ["queue", "place", "opened_at", "id", *filters])
    op.create_table(
        "case_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_comment_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_comment")),
    )
    op.create_index("ix_case_comment_case", "case_comment", ["case_id", "created_at"])
    op.create_table(
        "case_reading",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("conclusion", sa.String(length=4000), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_reading_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reading")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_reading_case_id_number")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amendment_reason", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_report_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_report_case_id_number")),
    )
    op.create_table(
        "image_finding",
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_image_finding_capture_id_capture")),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["case_reading.id"], name=op.f("fk_image_finding_reading_id_case_reading")
        ),
        sa.PrimaryKeyConstraint("reading_id", "capture_id", name=op.f("pk_image_finding")),
    )
    _fill()


# The tables as they are here, so that the filling never depends on today's models.
_CASE = sa.table(
    "case",
    *(sa.column(name) for name in ("site_id", "pseudonym", "device_id", "version", "state", "queue", "answer")),
    *(sa.column(name) for name in ("place", "probability", "quality", "smear", "images_since_signature")),
    *(sa.column(f"{kind}images") for kind in ("", "analysed_", "suspicious_", "doubted_", "failed_")),
    sa.column("id", sa.Uuid()),
    *(sa.column(name, sa.JSON()) for name in ("reasons", "thumbnails")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("opened_at", "latest_at")),
)
_CAPTURE = sa.table(
    "capture",
    sa.column("id", sa.Uuid()),
    *(sa.column(name) for name in ("site_id", "device_id", "case_pseudonym", "smear", "state")),
    sa.column("quality", sa.JSON()),
    sa.column("announced_at", sa.DateTime(timezone=True)),
)
_PREDICTION = sa.table(
    "prediction",
    sa.column("id", sa.Uuid()),
    sa.column("capture_id", sa.Uuid()),
    *(sa.column(name) for name in ("label", "probability")),
    sa.column("doubts", sa.JSON()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
_AT_ONCE = 1000


def _fill() -> None:
    connection = op.get_bind()
    for rows in _batched(_cases(connection)):
        connection.execute(sa.insert(_CASE), rows)


def _batched(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _AT_ONCE)):
        yield batch


def _cases(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    for (site, pseudonym), rows in groupby(_images(connection), key=itemgetter(0, 1)):
        newest: dict[UUID, Image] = {image[0]: Image(*image) for _, _, *image in rows}  # in the order of time
        found = findings(list(newest.values()))
        state, queue = standing(found.answer, found.waiting_images, Hands())
        told = found._asdict() | {"state": state, "queue": queue, "version": 1, "images_since_signature": 0}
        yield {"id": uuid4(), "site_id": site, "pseudonym": pseudonym, **told}


def _images(connection: sa.Connection) -> Iterable[Sequence[Any]]:
    capture, prediction = _CAPTURE.c, _PREDICTION.c
    return connection.execute(
        sa.select(
            capture.site_id,
            capture.case_pseudonym,
            capture.id,
            capture.device_id,
            capture.smear,
            capture.state,
            capture.quality["verdict"].as_string(),
            capture.announced_at,
            prediction.label,
            prediction.probability,
            sa.func.json_array_length(prediction.doubts) > 0,
        )
        .outerjoin_from(_CAPTURE, _PREDICTION, prediction.capture_id == capture.id)
        .where(capture.state.in_(["stored", "analysed", "failed"]))
        .order_by(capture.site_id, capture.case_pseudonym, prediction.created_at, prediction.id.desc())
        .execution_options(yield_per=_AT_ONCE)
    )


def downgrade() -> None:
    op.drop_table("image_finding")
    op.drop_table("report")
    op.drop_table("case_reading")
    op.drop_index("ix_case_comment_case", table_name="case_comment")
    op.drop_table("case_comment")
    op.drop_index("ix_case_worklist", table_name="case")
    op.drop_index("ix_case_latest", table_name="case")
    op.drop_index(op.f("ix_case_signed_at"), table_name="case")
    op.drop_index(op.f("ix_case_pseudonym"), table_name="case")
    op.drop_index(op.f("ix_case_held_by"), table_name="case")
    op.drop_table("case")
