"""Data sets, the training queue and the registry of models."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("troubled_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_asked_by", sa.String(length=100), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.Column("log_tail", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_job")),
    )
    op.create_index("ix_training_job_claim", "training_job", ["state", "not_before", "created_at"], unique=False)
    op.create_index(op.f("ix_training_job_subject"), "training_job", ["subject"], unique=False)
    op.create_table(
        "training_recipe",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_recipe")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_training_recipe_name_number")),
    )
    op.create_table(
        "training_schedule",
        sa.Column("recipe_name", sa.String(length=100), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=100), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recipe_name", name=op.f("pk_training_schedule")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("positives", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("sheet_sha256", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(length=100), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_dataset_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_dataset_name_number")),
    )
    op.create_index(op.f("ix_dataset_digest"), "dataset", ["digest"], unique=False)
    op.create_table(
        "training_epoch",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["training_job.id"], name=op.f("fk_training_epoch_job_id_training_job")),
        sa.PrimaryKeyConstraint("job_id", "epoch", name=op.f("pk_training_epoch")),
    )
    op.create_table(
        "dataset_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=True),
        sa.Column("archive_sha256", sa.String(length=64), nullable=True),
        sa.Column("layout", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("sheet_sha256", sa.String(length=64), nullable=True),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_import_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_dataset_import_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_import")),
    )
    op.create_index(op.f("ix_dataset_import_state"), "dataset_import", ["state"], unique=False)
    op.create_table(
        "model_assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_digest", sa.String(length=64), nullable=False),
        sa.Column("champion_digest", sa.String(length=64), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("impact", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["champion_digest"],
            ["model_version.digest"],
            name=op.f("fk_model_assessment_champion_digest_model_version"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["training_job.id"], name=op.f("fk_model_assessment_job_id_training_job")),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["model_version.digest"], name=op.f("fk_model_assessment_model_digest_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_assessment")),
    )
    op.create_index(op.f("ix_model_assessment_model_digest"), "model_assessment", ["model_digest"], unique=False)
    op.create_table(
        "shadow_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("started_by", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=100), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["model_version.digest"], name=op.f("fk_shadow_run_model_digest_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_run")),
    )
    op.create_index(op.f("ix_shadow_run_model_digest"), "shadow_run", ["model_digest"], unique=False)
    op.create_table(
        "dataset_image",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("is_all", sa.Boolean(), nullable=False),
        sa.Column("group", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("class_name", sa.String(length=200), nullable=False),
        sa.Column("pattern", sa.LargeBinary(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_dataset_image_capture_id_capture")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_image_dataset_id_dataset")),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_dataset_image")),
    )
    op.create_index(op.f("ix_dataset_image_capture_id"), "dataset_image", ["capture_id"], unique=False)
    op.create_index(op.f("ix_dataset_image_sha256"), "dataset_image", ["sha256"], unique=False)
    op.create_table(
        "model_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("override_reason", sa.String(length=2000), nullable=True),
        sa.Column("proposed_by", sa.String(length=100), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["model_assessment.id"], name=op.f("fk_model_proposal_assessment_id_model_assessment")
        ),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["model_version.digest"], name=op.f("fk_model_proposal_model_digest_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_proposal")),
    )
    op.create_index(op.f("ix_model_proposal_model_digest"), "model_proposal", ["model_digest"], unique=False)
    op.create_index(op.f("ix_model_proposal_state"), "model_proposal", ["state"], unique=False)
    op.create_table(
        "shadow_prediction",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("model_digest", sa.String(length=64), nullable=False),
        sa.Column("beside_digest", sa.String(length=64), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("label", sa.String(length=32), nullable=False),
        sa.Column("doubts", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("given_label", sa.String(length=32), nullable=False),
        sa.Column("given_probability", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["beside_digest"], ["model_version.digest"], name=op.f("fk_shadow_prediction_beside_digest_model_version")
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_shadow_prediction_capture_id_capture")),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["model_version.digest"], name=op.f("fk_shadow_prediction_model_digest_model_version")
        ),
        sa.PrimaryKeyConstraint("capture_id", "model_digest", name=op.f("pk_shadow_prediction")),
    )
    op.create_table(
        "label_candidate",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("is_all", sa.Boolean(), nullable=True),
        sa.Column("excluded_because", sa.String(length=500), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name=op.f("fk_label_candidate_capture_id_capture")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_label_candidate_case_id_case")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_label_candidate_report_id_report")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_label_candidate_site_id_site")),
        sa.PrimaryKeyConstraint("capture_id", name=op.f("pk_label_candidate")),
    )
    op.create_index(op.f("ix_label_candidate_case_id"), "label_candidate", ["case_id"], unique=False)
    op.create_index(op.f("ix_label_candidate_signed_at"), "label_candidate", ["signed_at"], unique=False)
    op.create_table(
        "model_activation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("model_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["model_version.digest"], name=op.f("fk_model_activation_model_digest_model_version")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["model_proposal.id"], name=op.f("fk_model_activation_proposal_id_model_proposal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_activation")),
    )
    op.create_index(op.f("ix_model_activation_model_digest"), "model_activation", ["model_digest"], unique=False)
    op.create_index(
        "ix_model_activation_open",
        "model_activation",
        ["scope"],
        unique=True,
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )
    # What has answered so far was loaded by a worker, and is in service.
    op.add_column("model_version", sa.Column("state", sa.String(length=16), nullable=False, server_default="active"))
    op.add_column("model_version", sa.Column("package_sha256", sa.String(length=64), nullable=True))
    op.add_column("model_version", sa.Column("training_job_id", sa.Uuid(), nullable=True))
    op.add_column(
        "model_version", sa.Column("registered_by", sa.String(length=100), nullable=False, server_default="worker")
    )
    op.execute("ALTER TABLE model_version RENAME COLUMN first_used_at TO registered_at")


def downgrade() -> None:
    op.execute("ALTER TABLE model_version RENAME COLUMN registered_at TO first_used_at")
    for column in ("registered_by", "training_job_id", "package_sha256", "state"):
        op.drop_column("model_version", column)
    op.drop_table("model_activation")
    op.drop_table("label_candidate")
    op.drop_table("shadow_prediction")
    op.drop_table("model_proposal")
    op.drop_table("dataset_image")
    op.drop_table("shadow_run")
    op.drop_table("model_assessment")
    op.drop_table("dataset_import")
    op.drop_table("training_epoch")
    op.drop_table("dataset")
    op.drop_table("training_schedule")
    op.drop_table("training_recipe")
    op.drop_table("training_job")
