"""Indexes for filters of the worklist that let few cases through."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_case_state", "case", ["state"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_case_smear",
            "case",
            [sa.literal_column("lower(smear)").label("smear_key")],
            postgresql_ops={"smear_key": "text_pattern_ops"},
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_case_smear", "case")
    op.drop_index("ix_case_state", "case")
