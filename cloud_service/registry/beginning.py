"""What every worker does at its start: the package of an installation is registered, and in service at first."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cloud_service.audit.trail import Actor
from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.ml.package import ModelPackageError, load_package
from cloud_service.models import EVERYWHERE
from cloud_service.registry.activations import open_in, put_into_service
from cloud_service.registry.events import record_model_events
from cloud_service.registry.states import settle_states
from cloud_service.registry.turns import wait_for_turn
from cloud_service.registry.versions import KeptPackage, active_digest, keep_package, register_package
from cloud_service.vocabulary import ActivationKind, ModelState
from shared.logs import get_logger

_INSTALLATION = Actor("(installation)")

log = get_logger(__name__)


def begin(engine: Engine, blobs: BlobStore, settings: Settings) -> None:
    """Register the package of `settings.model_dir`; where no model is in service everywhere, it is from now on.

    Every worker calls this at its start; two at once do no harm.

    Raises:
        ModelPackageError: there is no such package, and no other model is in service.
        TransientError: the blob store is away.
        sqlalchemy.exc.OperationalError: the database is away.
    """
    try:
        package = load_package(settings.model_dir)
    except ModelPackageError as error:
        with transaction(engine) as session:
            if active_digest(session, EVERYWHERE) is None:
                raise
        log.warning("the package of SMEARFLOW_MODEL_DIR is not registered", reason=str(error))
        return
    kept = keep_package(blobs, package.directory)
    with transaction(engine) as session:
        begin_with(session, kept)
        in_service = active_digest(session, EVERYWHERE)
    if in_service not in {None, package.digest}:
        log.info(
            "another model than that of SMEARFLOW_MODEL_DIR is in service", digest=in_service, given=package.digest
        )


def begin_with(session: Session, kept: KeptPackage) -> None:
    """Register a package that is kept; where no model is in service everywhere, it is from now on."""
    wait_for_turn(session)
    version = register_package(session, kept, by=_INSTALLATION)
    if open_in(session, EVERYWHERE) is not None or version.state == ModelState.REJECTED:
        return
    put_into_service(
        session,
        None,
        scope=EVERYWHERE,
        model_digest=version.digest,
        kind=ActivationKind.INITIAL,
        by=_INSTALLATION.name,
        reason="The model that the installation began with.",
    )
    settle_states(session)
    record_model_events(session, [version.digest])
