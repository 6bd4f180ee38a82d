"""The size of an image's pixels on the slide, where it is known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("capture", sa.Column("micrometres_per_pixel", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("capture", "micrometres_per_pixel")
