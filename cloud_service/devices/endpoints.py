"""Devices, and what was refused on the wire, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from cloud_service.accounts.dependencies import check_origin, client_address, requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import snapshot, transaction
from cloud_service.devices import enrolment_codes, orders, queries, service
from cloud_service.devices.broker_admin import BrokerAdmin
from cloud_service.devices.schemas import (
    ADeviceId,
    BrokerAddress,
    DeviceCommandView,
    DeviceCredentials,
    DeviceSummary,
    EnrolmentCodeView,
    NewDeviceCommand,
    NewEnrolmentCode,
    OpenEnrolmentCode,
    Redemption,
    Refusal,
    Refusals,
)
from cloud_service.devices.summary import device_summaries
from cloud_service.web.services import Reading, Writing, services

router = APIRouter(prefix="/api/v1", tags=["devices"])

Viewer = Annotated[Identity, requires(Permission.SEE_DEVICES)]
Manager = Annotated[Identity, requires(Permission.MANAGE_DEVICES)]


@router.get("/devices")
def list_devices(who: Viewer, session: Reading) -> list[DeviceSummary]:
    """Every enrolled device, by site and id."""
    return device_summaries(session, queries.all_devices(session, within=who.site))


@router.delete("/devices/{device_id}")
def remove_device(who: Manager, request: Request, device_id: ADeviceId) -> DeviceSummary:
    """Shut a device out, at the broker too. Its captures stay; an enrolment lets it in again."""
    held = services(request)
    with snapshot(held.engine) as session:
        queries.known_device(session, device_id)  # before the broker is asked
    with BrokerAdmin(held.settings) as access, transaction(held.engine) as session:
        device = service.disable(session, access, who.actor, device=device_id)
        (summary,) = device_summaries(session, [device])
    held.notifier.changes()
    return summary


@router.get("/devices/{device_id}/commands")
def list_device_commands(
    _who: Manager, session: Reading, device_id: ADeviceId, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[DeviceCommandView]:
    """What a device was told last, newest first, and how far each order has come."""
    return [DeviceCommandView.model_validate(order) for order in orders.orders_of(session, device_id, limit)]


@router.post("/devices/{device_id}/commands", status_code=HTTPStatus.CREATED)
def command_device(
    who: Manager, request: Request, device_id: ADeviceId, command: NewDeviceCommand
) -> DeviceCommandView:
    """Order a device to do something. It waits for the device; `state` says how far it has come."""
    held = services(request)
    with transaction(held.engine) as session:
        order = orders.give_order(session, who.actor, device_id=device_id, action=command.action)
    held.notifier.changes()
    return DeviceCommandView.model_validate(order)


@router.post("/devices/enrolment-codes", status_code=HTTPStatus.CREATED)
def make_enrolment_code(who: Manager, session: Writing, wanted: NewEnrolmentCode) -> EnrolmentCodeView:
    """Make a code with which a workstation fetches its credentials: `smearflow-edge enrol --url … --code …`."""
    row, code = enrolment_codes.make_code(session, who.actor, site=wanted.site, device=wanted.device)
    return EnrolmentCodeView(code=code, site=row.site_id, device=row.device_id, expires_at=row.expires_at)


@router.get("/devices/enrolment-codes")
def list_enrolment_codes(_who: Manager, session: Reading) -> list[OpenEnrolmentCode]:
    """The codes that can still be used, by site and device; never the codes themselves."""
    return [
        OpenEnrolmentCode(
            site=row.site_id,
            device=row.device_id,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
        for row in enrolment_codes.open_codes(session)
    ]


@router.delete("/devices/{device_id}/enrolment-code", status_code=HTTPStatus.NO_CONTENT)
def withdraw_enrolment_code(who: Manager, session: Writing, device_id: ADeviceId) -> None:
    """Let the code that was made for a device enrol nothing any more."""
    enrolment_codes.withdraw_code(session, who.actor, device=device_id)


@router.post("/enrolments", dependencies=[Depends(check_origin)])
def redeem_enrolment_code(request: Request, redemption: Redemption) -> DeviceCredentials:
    """Exchange a code for the credentials of its device, once. Needs no log-in; wrong codes are limited by address."""
    held = services(request)
    found = held.enrolments.redeem(redemption.code, client_address(request))
    held.notifier.changes()
    settings = held.settings
    return DeviceCredentials(
        site=found.site,
        device=found.device,
        password=found.password,
        broker=BrokerAddress(host=settings.public_broker_host, port=settings.public_broker_port),
        ca_certificate=settings.broker_ca_file.read_text() if settings.broker_ca_file else None,
    )


@router.get("/refusals")
def list_refusals(who: Viewer, session: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Refusals:
    """Messages that ingest refused, newest first: nothing is dropped in silence."""
    newest = queries.newest_refusals(session, limit, within=who.site)
    return Refusals(
        total=queries.refused_messages(session, within=who.site),
        refusals=[Refusal.model_validate(refusal) for refusal in newest],
    )
