"""The kind of job that measures a model against the one in service: the worker's side."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.config import settings
from cloud_service.datasets.locked import locked_sets
from cloud_service.datasets.materials import order_of
from cloud_service.errors import ConflictError
from cloud_service.gate.checks import checks_of, has_passed
from cloud_service.gate.impact import impact_of, summary_of
from cloud_service.gate.margins import MARGINS
from cloud_service.gate.schemas import ComparisonFigures, ImpactEntry
from cloud_service.gate.signed_cases import signed_cases
from cloud_service.gate.work_order import AssessmentOrder, AssessmentOutcome, OrderedModel, OrderedTestSet
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.models import Dataset, ModelAssessment, ModelVersion, TrainingJob
from cloud_service.registry.events import record_model_events
from cloud_service.registry.versions import active_digest
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell


class Assess:
    """See `training.kinds.JobKind`; the subject is the challenger's digest."""

    uses_every_gpu = False

    def prepare(self, session: Session, job: TrainingJob, folder: Path, _blobs: BlobStore) -> None:
        """Write the order: once, so that what an earlier attempt measured still fits."""
        if (folder / ORDER_NAME).exists():
            return
        scope = str(job.parameters["scope"])
        champion = active_digest(session, scope)
        if champion == job.subject:
            raise ConflictError(
                f"Model {job.subject[:12]} came into service itself while its assessment waited: there is nothing to "
                "compare it with."
            )
        cases, of_cases = signed_cases(session, scope=scope, champion=champion)
        order = AssessmentOrder(
            scope=scope,
            promises=tuple(Measure(name) for name in job.parameters["promises"]),
            runtime=settings().runtime,
            threads=settings().runtime_threads,
            challenger=_ordered_model(session, job.subject),
            champion=_ordered_model(session, champion) if champion else None,
            test_sets=[_ordered_set(session, dataset) for dataset in locked_sets(session, scope)],
            cases=cases,
            of_cases=of_cases,
        )
        write_whole(folder / ORDER_NAME, order.model_dump_json().encode())

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        """Measure, in the child process."""
        from cloud_service.gate.assessing import assess  # noqa: PLC0415 - loads torch

        assess(folder, blobs, tell)

    def finish(self, session: Session, job: TrainingJob, folder: Path, _blobs: BlobStore) -> dict[str, Any]:
        """Keep the assessment, with what it says in words."""
        order = AssessmentOrder.model_validate_json((folder / ORDER_NAME).read_bytes())
        outcome = AssessmentOutcome.model_validate_json((folder / OUTCOME_NAME).read_bytes())
        figures, impact = _figures(order, outcome)
        checks = checks_of(order, outcome, figures)
        assessment = ModelAssessment(
            id=uuid4(),
            model_digest=job.subject,
            champion_digest=order.champion.digest if order.champion else None,
            job_id=job.id,
            passed=has_passed(checks),
            checks=[check.model_dump(mode="json") for check in checks],
            figures=figures.model_dump(mode="json"),
            impact=[entry.model_dump(mode="json") for entry in impact],
        )
        session.add(assessment)
        session.flush()
        record_model_events(session, [job.subject])
        return {"assessment_id": str(assessment.id), "passed": assessment.passed}

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
        """Nothing is left behind but the job's own reason."""


def _ordered_model(session: Session, digest: str) -> OrderedModel:
    return OrderedModel(digest=digest, package_sha256=session.get_one(ModelVersion, digest).package_sha256)


def _ordered_set(session: Session, dataset: Dataset) -> OrderedTestSet:
    return OrderedTestSet(
        dataset_id=dataset.id,
        name=dataset.name,
        number=dataset.number,
        site=dataset.site_id,
        digest=dataset.digest,
        images=order_of(session, dataset.id).images,
    )


def _figures(order: AssessmentOrder, outcome: AssessmentOutcome) -> tuple[ComparisonFigures, list[ImpactEntry]]:
    answers = {answer.capture_id: answer for answer in outcome.signed}
    with_champion = order.champion is not None and outcome.champion_fault is None
    impact, signed = [], None
    if outcome.challenger_fault is None:
        impact = impact_of(order.cases, answers, with_champion=with_champion)
        signed = summary_of(order.cases, answers, impact, of_cases=order.of_cases, with_champion=with_champion)
    figures = ComparisonFigures(
        scope=order.scope,
        promises=order.promises,
        margins=MARGINS,
        challenger_size=outcome.challenger_size,
        champion_size=outcome.champion_size,
        parity=outcome.parity,
        speed=outcome.speed,
        test_sets=outcome.test_sets,
        signed_cases=signed,
    )
    return figures, impact
