"""A cloud with a model in service and two others that were really assessed, for the pages of comparison and promotion.

It is made once and copied for each test: an assessment runs two networks over every image.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cloud_service.accounts.permissions import Role
from cloud_service.blob_store import BlobStore
from cloud_service.captures.custody import stamp
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.database import table_of, transaction
from cloud_service.delivery.events import record_capture_events
from cloud_service.models import Capture, InferenceJob, Prediction, now
from shared.vocabulary import CaptureState, CustodyStage, JobState, Label
from tests.support.accounts import a_user
from tests.support.gate import add_set, add_variant, ask, crops, demo_in_service, run
from tests.support.reading import case_id_of, clinicians
from tests.support.web import ApiServer, add_capture, store, web_settings

ADMIN, OTHER_ADMIN, DOCTOR = "a.lang", "b.kern", "h.meier"
SIGNED_CASE = "5" * 32
TEST_IMAGES = 144
"""Half of them show a blast: the fewest on which an equal sensitivity can be told from one that is 5 points worse."""


@dataclass(frozen=True)
class Assessed:
    """What stands in the cloud.

    Args:
        folder: database and blobs; copied, never used itself.
        champion: digest of the model in service, which ships with Smearflow.
        equal: of one that answers as the champion does; it has passed the gate.
        blind: of one that calls nothing suspicious; it has not.
        case: signed as suspicious, and called so by all but the blind one.
    """

    folder: Path
    champion: str
    equal: str
    blind: str
    case: UUID


def make_assessed(folder: Path) -> Assessed:
    """Two candidates of the demo model measured on TEST_IMAGES drawn cells, and on one signed case."""
    server = ApiServer(web_settings(folder, database_in(folder)))
    try:
        with transaction(server.engine) as session:
            for name in (ADMIN, OTHER_ADMIN):
                a_user(session, Role.ADMINISTRATOR, name=name)
            champion = demo_in_service(session, server.blobs)
            equal = add_variant(session, server.blobs, folder / "equal", name="se-cnn", version="2026.1")
            blind = add_variant(
                session,
                server.blobs,
                folder / "blind",
                name="se-cnn",
                version="2026.2",
                threshold=1 - 1e-9,
                abstain_band=None,
            )
            add_set(session, server.blobs, crops(TEST_IMAGES), name="north-locked")
        case = _sign(server, champion)
        for place, digest in enumerate((equal, blind)):
            run(server.engine, server.blobs, ask(server.engine, digest), folder / f"job-{place}")
    finally:
        server.close()
    return Assessed(folder, champion, equal, blind, case)


def copied(assessed: Assessed, folder: Path) -> ApiServer:
    """A server of a test's own over a copy of the cloud."""
    shutil.copytree(assessed.folder, folder, dirs_exist_ok=True)
    return ApiServer(web_settings(folder, database_in(folder)))


def database_in(folder: Path) -> str:
    """The URL of the SQLite database of a cloud."""
    return f"sqlite:///{folder / 'smearflow.sqlite'}"


def add_answered(
    session: Session, blobs: BlobStore, number: int, digest: str, *, pseudonym: str, content: bytes
) -> Capture:
    """A capture that came just now and was called suspicious by a model."""
    capture = add_capture(session, number, case_pseudonym=pseudonym, announced_at=now(), captured_at=now())
    store(session, blobs, capture, content)
    answer = {
        "id": uuid4(),
        "capture_id": capture.id,
        "model_digest": digest,
        "probability": 0.97,
        "label": Label.SUSPICIOUS,
        "doubts": [],
        "runtime": "test",
    }
    session.execute(insert(table_of(Prediction)).values(answer))
    capture.state = CaptureState.ANALYSED
    session.scalars(select(InferenceJob).where(InferenceJob.capture_id == capture.id)).one().state = JobState.DONE
    stamp(session, [capture.id], {CustodyStage.ANALYSED: now()})
    record_capture_events(session, [capture], refresh_cases(session, [capture]))
    return capture


def _sign(server: ApiServer, champion: str) -> UUID:
    """A case with one blast, signed as suspicious by a clinician."""
    (blast,) = crops(1, seed=5)
    with transaction(server.engine) as session:
        capture = add_answered(session, server.blobs, 0, champion, pseudonym=SIGNED_CASE, content=blast).id
    case = case_id_of(server, SIGNED_CASE)
    with clinicians(server, DOCTOR) as (doctor,):
        doctor.claim(case).read(case, "suspicious", conclusion="Blasts.")
        doctor.open(case)
        doctor.judge(case, capture, "suspicious")
        doctor.sign(case)
    return case
