"""Of what kinds the files are that a device did not take."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("refused_by_kind", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "refused_by_kind")
