"""Codes by which a workstation fetches its own credentials, once and within a day: nothing is carried by hand.

An administrator makes a code for one site and device; `smearflow-edge enrol --code` redeems it. Of a code only the
SHA-256 is kept: 80 random bits cannot be guessed within its life, and wrong ones are limited by address.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from cloud_service.accounts.limiter import FailureLimiter
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.devices import service
from cloud_service.devices.broker_admin import BrokerAdmin, DeviceAccess
from cloud_service.devices.service import Credentials
from cloud_service.errors import NotFoundError
from cloud_service.models import EnrolmentCode, now

LIFETIME = timedelta(hours=24)

# Crockford's base 32: no I, L, O or U, which are misread or make words.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_LENGTH, _GROUP = 16, 4
_REFUSED = "This code is wrong, used or expired: have an administrator make another."


def make_code(session: Session, actor: Actor, *, site: str, device: str) -> tuple[EnrolmentCode, str]:
    """Make a code for a device; returns its row and the code itself, which is kept nowhere. Former ones end.

    Raises:
        ProtocolError: an id cannot stand in a topic.
        ConflictError: the device belongs to another site, or the id is one of the cloud's own.
    """
    service.check_enrolment(session, site=site, device=device)
    service.end_codes(session, device)
    code = "".join(secrets.choice(_DIGITS) for _ in range(_LENGTH))
    row = EnrolmentCode(
        id=uuid4(),
        code_sha256=_hash_of(code),
        site_id=site,
        device_id=device,
        created_by=actor.name,
        expires_at=now() + LIFETIME,
    )
    session.add(row)
    session.flush()
    record(session, actor, Action.ENROLMENT_CODE_MADE, device, site=site, expires_at=row.expires_at.isoformat())
    return row, "-".join(code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def open_codes(session: Session) -> Sequence[EnrolmentCode]:
    """The codes that still enrol a device, by site and device. What they are is known to nobody but their makers."""
    query = select(EnrolmentCode).where(_is_open(now()))
    return session.scalars(
        query.order_by(EnrolmentCode.site_id, EnrolmentCode.device_id, EnrolmentCode.created_at)
    ).all()


def withdraw_code(session: Session, actor: Actor, *, device: str) -> None:
    """Let the code that was made for a device enrol nothing.

    Raises:
        NotFoundError: there is none for it that is still good.
    """
    query = select(EnrolmentCode).where(EnrolmentCode.device_id == device, _is_open(now())).with_for_update()
    # More than one only where two were made at one moment for a device that was not there yet.
    rows = session.scalars(query.order_by(EnrolmentCode.id)).all()
    if not rows:
        raise NotFoundError(
            f"No code is open for device {device!r}: it was used, has expired or was withdrawn already."
        )
    for row in rows:
        row.expires_at = now()
        record(session, actor, Action.ENROLMENT_CODE_WITHDRAWN, device, site=row.site_id, made_by=row.created_by)


class Enrolments:
    """Redeems codes; wrong ones are limited by address.

    Args:
        settings: of the broker.
        engine: of the database.
        open_access: makes the connection over which the broker learns of a device.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        open_access: Callable[[Settings], AbstractContextManager[DeviceAccess]] = BrokerAdmin,
    ) -> None:
        self._settings, self._engine, self._open_access = settings, engine, open_access
        self._addresses = FailureLimiter(engine, "the address", allowed=10, window_seconds=60, tries="codes were wrong")

    def redeem(self, code: str, address: str) -> Credentials:
        """Enrol the device for which a code was made, once.

        Raises:
            TooManyAttemptsError: too many codes from this address were wrong.
            NotFoundError: the code is wrong, used or expired; it is not said which.
            TransientError, BrokerRefusedError, ConfigurationError: as `BrokerAdmin`; the code stays good.
        """
        self._addresses.check(address)
        wanted = _hash_of(code)
        with snapshot(self._engine) as session:
            known = _open_code(session, wanted, now()) is not None
        if not known:
            with transaction(self._engine) as session:
                self._addresses.count(session, address)
            raise NotFoundError(_REFUSED)
        with self._open_access(self._settings) as access, transaction(self._engine) as session:
            row = _open_code(session, wanted, now())
            if row is None:
                raise NotFoundError(_REFUSED)  # redeemed meanwhile
            row.used_at = now()
            actor = Actor(f"code of {row.created_by}"[:100])
            return service.enrol(session, access, actor, site=row.site_id, device=row.device_id)


def _open_code(session: Session, sha256: str, moment: datetime) -> EnrolmentCode | None:
    query = select(EnrolmentCode).where(EnrolmentCode.code_sha256 == sha256, _is_open(moment))
    return session.scalars(query.with_for_update()).one_or_none()


def _is_open(moment: datetime) -> ColumnElement[bool]:
    return EnrolmentCode.used_at.is_(None) & (EnrolmentCode.expires_at > moment)


def _hash_of(code: str) -> str:
    """Of a code as a person may have typed it."""
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).hexdigest()
