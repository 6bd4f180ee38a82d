"""What the API tells of the audit trail."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from cloud_service.web.schemas import ApiModel
from shared.identifiers import Sha256


class AuditEntryView(ApiModel):
    """One thing that somebody did or saw."""

    position: int
    """Counts from 1 without gaps."""
    at: AwareDatetime
    actor: Annotated[str, Field(examples=["h.meier"])]
    role: str | None
    token: str | None
    """The program's token by which it was done; null: by the person."""
    action: Annotated[str, Field(examples=["image-seen"])]
    subject: Annotated[str, Field(examples=["019ac0de-7b3e-7c11-8f52-3a9d6a1c2f04"])]
    """To whom or what it was done."""
    details: dict[str, Any]
    previous_hash: Sha256
    hash: Sha256
    """Over all the rest, the hash of the one before it among it."""


class AuditPage(ApiModel):
    """Some entries, newest first."""

    entries: list[AuditEntryView]
    more: bool
    """There are older ones: ask for those before the last."""


class AuditHead(ApiModel):
    """The newest entry: note it elsewhere, and it shows later whether the trail was cut or written anew before it."""

    position: int
    hash: Sha256


class AuditVerification(ApiModel):
    """What a look at the chain of hashes has found."""

    whole: bool
    """Nothing was changed, removed or added among the entries that were looked at."""
    fault: str | None
    """Where it was tampered with, in words."""
    first_checked: int
    """Position of the first entry that was looked at; 1: all of them were. 0: there is none."""
    checked: int
    """How many entries were looked at: the newest."""
    head: AuditHead
    """As the trail says of itself."""
