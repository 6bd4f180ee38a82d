"""Who a user is at an OpenID Connect provider."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("openid_issuer", sa.String(length=255), nullable=True))
    op.add_column("user_account", sa.Column("openid_subject", sa.String(length=255), nullable=True))
    op.create_index("ix_user_account_openid", "user_account", ["openid_issuer", "openid_subject"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_user_account_openid", table_name="user_account")
    op.drop_column("user_account", "openid_subject")
    op.drop_column("user_account", "openid_issuer")
