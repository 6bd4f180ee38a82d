"""Data sets over HTTP."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import transaction
from cloud_service.datasets import queries, removal, service, uploads
from cloud_service.datasets.schemas import (
    DatasetDetail,
    DatasetImportDetail,
    DatasetImportView,
    DatasetName,
    DatasetView,
    NewSignedImport,
)
from cloud_service.errors import NotFoundError
from cloud_service.ml.datasets.reading import Layout
from cloud_service.models import Dataset, DatasetImport
from cloud_service.vocabulary import DatasetPurpose
from cloud_service.web.services import Reading, Services, services
from shared.identifiers import SlugId

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])

Viewer = Annotated[Identity, requires(Permission.SEE_TRAINING)]
Manager = Annotated[Identity, requires(Permission.MANAGE_TRAINING)]

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}}


@router.post("/imports", status_code=HTTPStatus.CREATED, openapi_extra=_BODY)
async def begin_import(
    who: Manager,
    request: Request,
    *,
    name: Annotated[DatasetName, Query()],
    purpose: DatasetPurpose = DatasetPurpose.TRAINING,
    site: Annotated[SlugId | None, Query(description="whose images a locked test set holds")] = None,
    layout: Annotated[Layout | None, Query(description="by default recognised by the names")] = None,
    file_name: Annotated[str | None, Query(max_length=300, description="what the sender calls the archive")] = None,
) -> DatasetImportView:
    """Send an archive (ZIP, tar or tar.gz) as the body. It is checked first; `confirm` keeps the data set."""
    held = services(request)
    sha256 = await uploads.receive(request.stream(), held.settings.dataset_archive_max_bytes, held.blobs)

    def begin() -> DatasetImport:
        with transaction(held.engine) as session:
            return service.begin_archive_import(
                session,
                who.actor,
                name=name,
                purpose=purpose,
                site=site,
                layout=layout,
                file_name=file_name,
                archive_sha256=sha256,
            )

    begun = await run_in_threadpool(begin)
    _wake(held)
    return queries.import_view(begun)


@router.post("/imports/from-signed-cases", status_code=HTTPStatus.CREATED)
def begin_import_from_signed_cases(who: Manager, request: Request, wanted: NewSignedImport) -> DatasetImportView:
    """Make a data set of images of signed cases. It is checked first; `confirm` keeps it."""
    held = services(request)
    with transaction(held.engine) as session:
        begun = service.begin_signed_import(
            session, who.actor, name=wanted.name, purpose=wanted.purpose, site=wanted.site, since=wanted.since
        )
    _wake(held)
    return queries.import_view(begun)


@router.get("/imports")
def list_imports(
    _who: Viewer, session: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[DatasetImportView]:
    """Data sets on their way in, newest first."""
    return [queries.import_view(row) for row in queries.newest_imports(session, limit)]


@router.get("/imports/{import_id}")
def get_import(_who: Viewer, session: Reading, import_id: UUID) -> DatasetImportDetail:
    """A data set on its way in, with the report of the dry run."""
    return queries.import_detail(queries.known_import(session, import_id))


@router.post("/imports/{import_id}/confirm")
def confirm_import(who: Manager, request: Request, import_id: UUID) -> DatasetImportView:
    """Keep a checked data set, as the next version of its name."""
    held = services(request)
    with transaction(held.engine) as session:
        confirmed = service.confirm_import(session, who.actor, import_id)
    _wake(held)
    return queries.import_view(confirmed)


@router.post("/imports/{import_id}/drop")
def drop_import(who: Manager, request: Request, import_id: UUID) -> DatasetImportView:
    """Decide against a data set that waits or is checked."""
    held = services(request)
    with transaction(held.engine) as session:
        dropped = service.drop_import(session, who.actor, import_id)
    _wake(held)
    return queries.import_view(dropped)


@router.get("/imports/{import_id}/sheet", response_class=Response, responses=_PNG)
def get_import_sheet(_who: Viewer, request: Request, session: Reading, import_id: UUID) -> Response:
    """Pictures of each class, and of duplicates."""
    return _sheet(request, queries.known_import(session, import_id))


@router.get("")
def list_datasets(_who: Viewer, session: Reading) -> list[DatasetView]:
    """Every version of every data set, by name, the newest version first; removed ones say so."""
    return [queries.dataset_view(row) for row in queries.all_datasets(session)]


@router.get("/{dataset_id}")
def get_dataset(_who: Viewer, session: Reading, dataset_id: UUID) -> DatasetDetail:
    """One version of a data set, with its report."""
    return queries.dataset_detail(queries.known_dataset(session, dataset_id))


@router.get("/{dataset_id}/sheet", response_class=Response, responses=_PNG)
def get_dataset_sheet(_who: Viewer, request: Request, session: Reading, dataset_id: UUID) -> Response:
    """Pictures of each class, and of duplicates."""
    return _sheet(request, queries.known_dataset(session, dataset_id))


@router.delete("/{dataset_id}")
def remove_dataset(who: Manager, request: Request, dataset_id: UUID) -> DatasetView:
    """Remove a version that no job needs; what it held stays known, so that it is never trained on and tested on."""
    held = services(request)
    with transaction(held.engine) as session:
        removed = removal.remove_dataset(session, who.actor, dataset_id)
    _wake(held)
    return queries.dataset_view(removed)


def _sheet(request: Request, row: Dataset | DatasetImport) -> Response:
    if row.sheet_sha256 is None:
        raise NotFoundError(f"There is no picture of {row.name!r} yet; it comes with the report.")
    try:
        picture = services(request).blobs.get(row.sheet_sha256)
    except FileNotFoundError as error:
        raise NotFoundError(f"The picture of {row.name!r} is missing in the blob store.") from error
    return Response(picture, media_type="image/png")


def _wake(held: Services) -> None:
    """Wake workers and pages, after the commit."""
    held.notifier.training()
    held.notifier.changes()
