"""Where the model looked, with each prediction."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prediction", sa.Column("attention", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("prediction", "attention")
