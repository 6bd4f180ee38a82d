"""Which processes of the cloud are there."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now


class Heartbeat(Base):
    """A process of the cloud that said lately that it is there, and what it said of itself."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(default=now)
    about: Mapped[dict[str, Any]]
