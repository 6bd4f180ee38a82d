"""How many files a device did not take."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("refused_files", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "refused_files")
