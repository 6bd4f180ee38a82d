"""Who a user is at an OpenID Connect provider, and failed log-ins as all processes count them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("openid_issuer", sa.String(length=255), nullable=True))
    op.add_column("user_account", sa.Column("openid_subject", sa.String(length=255), nullable=True))
    op.create_index("ix_user_account_openid", "user_account", ["openid_issuer", "openid_subject"], unique=True)
    op.create_table(
        "failed_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_try")),
    )
    op.create_index(op.f("ix_failed_try_ends_at"), "failed_try", ["ends_at"])
    op.create_index("ix_failed_try_key", "failed_try", ["key_sha256", "ends_at"])


def downgrade() -> None:
    op.drop_table("failed_try")
    op.drop_index("ix_user_account_openid", table_name="user_account")
    op.drop_column("user_account", "openid_subject")
    op.drop_column("user_account", "openid_issuer")
