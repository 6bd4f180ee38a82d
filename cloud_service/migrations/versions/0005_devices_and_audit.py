"""Orders to devices, enrolment codes, heartbeats of the cloud's processes, and what searches need."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_command",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_command_device_id_device")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_device_command_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_command")),
    )
    op.create_index("ix_device_command_device", "device_command", ["device_id", "created_at"])
    op.create_index("ix_device_command_due", "device_command", ["settled_at", "next_attempt_at"])
    op.create_table(
        "enrolment_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_code")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_enrolment_code_code_sha256")),
    )
    op.create_index(op.f("ix_enrolment_code_device_id"), "enrolment_code", ["device_id"])
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "position"])
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "position"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "position"])
    op.create_index("ix_capture_captured", "capture", ["captured_at"])


def downgrade() -> None:
    op.drop_index("ix_capture_captured", table_name="capture")
    for column in ("subject", "action", "actor", "at"):
        op.drop_index(f"ix_audit_entry_{column}", table_name="audit_entry")
    for table in ("heartbeat", "enrolment_code", "device_command"):
        op.drop_table(table)
