"""Users, their sessions in browsers, and their programs' tokens. Of passwords and tokens only hashes are kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now


class UserAccount(Base):
    """Who may use Smearflow, as what, and for which site; never deleted, since the audit trail speaks of it."""

    __tablename__ = "user_account"
    __table_args__ = (Index("ix_user_account_openid", "openid_issuer", "openid_subject", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    password_hash: Mapped[str | None] = mapped_column(
        String(255)
    )  # argon2id; none for who comes by token or provider alone
    # Who the user is at an OpenID Connect provider: names change there, these two together never (Core section 2).
    openid_issuer: Mapped[str | None] = mapped_column(String(255))
    openid_subject: Mapped[str | None] = mapped_column(String(255))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    last_log_in_at: Mapped[datetime | None]


class WebSession(Base):
    """A browser's log-in. The cookie holds the id, this row its SHA-256."""

    __tablename__ = "web_session"

    id_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)


class FailedTry(Base):
    """A log-in or code that was wrong, for as long as it counts against the user or address."""

    __tablename__ = "failed_try"
    __table_args__ = (Index("ix_failed_try_key", "key_sha256", "ends_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64))
    ends_at: Mapped[datetime] = mapped_column(index=True)


class AccessToken(Base):
    """A program's key, with the rights of the user that it belongs to."""

    __tablename__ = "access_token"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(64))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
