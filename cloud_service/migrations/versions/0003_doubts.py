"""Why a model's answer should not be relied on; of answers that were given before, nothing is known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prediction", sa.Column("doubts", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("prediction", "doubts")
