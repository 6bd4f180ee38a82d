"""What requests share: the services that `app` composes, and one transaction a request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cloud_service.accounts.gate import Gate
from cloud_service.accounts.openid.provider import Provider
from cloud_service.blob_store import BlobStore
from cloud_service.cases.counting import CaseCounter
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.fan_out import FanOut
from cloud_service.devices.enrolment_codes import Enrolments
from cloud_service.wakeup import Notifier


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that an endpoint may need, made once for the process."""

    settings: Settings
    engine: Engine
    gate: Gate
    provider: Provider | None
    enrolments: Enrolments
    blobs: BlobStore
    notifier: Notifier
    fan_out: FanOut
    case_counter: CaseCounter


def services(request: Request) -> Services:
    """The process's services."""
    held: Services = request.app.state.services
    return held


def _reading(request: Request) -> Iterator[Session]:
    with snapshot(services(request).engine) as session:
        yield session


def _writing(request: Request) -> Iterator[Session]:
    with transaction(services(request).engine) as session:
        yield session


# Scope "function": a transaction ends before its response leaves, so nothing is promised that is not yet committed.
Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]
