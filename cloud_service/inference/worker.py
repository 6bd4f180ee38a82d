"""The inference worker: claims a batch of captures, has each answered by its site's model, writes the answers."""

import os
import random
import socket
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.inference.analysis import analyse
from cloud_service.inference.answers import write_outcomes
from cloud_service.inference.claims import Claim, claim_batch
from cloud_service.inference.outcomes import Answer, Outcome, Postponement
from cloud_service.inference.reading import CaptureReader
from cloud_service.inference.shadowing import Given, Shadower
from cloud_service.models import Capture
from cloud_service.registry.serving import Serving
from cloud_service.wakeup import WakeUps
from shared.imaging.decode import PIXEL_CEILING, ImageLimits
from shared.logs import get_logger

_WRITE_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    """A claimed capture, and what is needed of its row."""

    claim: Claim
    sha256: str
    site: str

    @property
    def capture_id(self) -> UUID:
        return self.claim.capture_id


class InferenceWorker:
    """Analyses captures, each with the model that is in service for its site.

    Args:
        serving: the models.
        blob_store: where the captures' bytes lie.
        engine: of the database.
        notifier: wakes up those who wait for answers.
        settings: batch, lease, attempts, limits, patience.
    """

    def __init__(
        self, *, serving: Serving, blob_store: BlobStore, engine: Engine, notifier: WakeUps, settings: Settings
    ) -> None:
        self._serving = serving
        self._engine = engine
        self._notifier = notifier
        self._settings = settings
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._answered = 0
        limits = ImageLimits(
            max_pixels=min(settings.capture_max_pixels, PIXEL_CEILING), max_bytes=settings.capture_max_bytes
        )
        self._reader = CaptureReader(blob_store, limits)
        self._shadower = Shadower(serving, self._reader, engine)

    def run_batch(self) -> int:
        """Claim a batch, analyse it and write the outcomes.

        Whatever error leaves this method, the claimed jobs come back when their lease runs out, with the attempt
        counted.

        Returns:
            The number of captures claimed; 0 when nothing is claimable.
        """
        batch = self._claim()
        if not batch:
            return 0
        outcomes = self._analyse(batch)
        answered = self._write({work.claim: outcomes[work.capture_id] for work in batch})
        self._notifier.changes()
        self._answered += len(batch)
        self._shadower.note(
            Given(work.capture_id, work.sha256, work.site, answer)
            for work in batch
            if work.capture_id in answered and isinstance(answer := outcomes[work.capture_id], Answer)
        )
        return len(batch)

    def run_shadow(self) -> bool:
        """Let a candidate answer one capture in the shadow; to be called where `run_batch` found nothing to do.

        Returns:
            False where nothing is left for it.
        """
        return self._shadower.run_one()

    def about(self) -> dict[str, Any]:
        """What people may want to know of this worker, fit for JSON."""
        return self._serving.about() | {"answered": self._answered}

    def close(self) -> None:
        """End the threads that decode and that load models."""
        self._reader.close()
        self._serving.close()

    def _claim(self) -> list[_Work]:
        settings = self._settings
        with transaction(self._engine) as session:
            self._serving.refresh(session)
            claims = claim_batch(
                session,
                self.name,
                limit=settings.claim_batch,
                lease=timedelta(seconds=settings.claim_lease_seconds),
                max_attempts=settings.max_attempts,
            )
            ids = [claim.capture_id for claim in claims]
            wanted = select(Capture.id, Capture.sha256, Capture.site_id).where(Capture.id.in_(ids))
            rows = {row.id: row for row in session.execute(wanted)} if ids else {}
        return [_Work(claim, rows[claim.capture_id].sha256, rows[claim.capture_id].site_id) for claim in claims]

    def _analyse(self, batch: Sequence[_Work]) -> dict[UUID, Outcome]:
        """The outcome for each capture; captures of sites with different models are never put to one together."""
        sites = {work.site for work in batch}
        models = {site: self._serving.model_for(site) for site in sites}  # once a batch: a switch waits for the next
        outcomes: dict[UUID, Outcome] = {}
        by_model: defaultdict[str, dict[UUID, str]] = defaultdict(dict)
        for work in batch:
            model = models[work.site]
            if model is None:
                outcomes[work.capture_id] = Postponement(self._serving.why_none(work.site))
            else:
                by_model[model.digest][work.capture_id] = work.sha256
        for model in {model.digest: model for model in models.values() if model is not None}.values():
            outcomes |= analyse(model, self._reader, by_model[model.digest])
        return outcomes

    def _write(self, outcomes: Mapping[Claim, Outcome]) -> set[UUID]:
        """Write the outcomes; a database that is away for a moment does not cost the captures an attempt.

        Writing twice does no harm: where a commit went through whose answer was lost, the claims hold no longer.

        Returns:
            The captures whose answers are written.
        """
        for pause in _WRITE_PAUSES_SECONDS:
            try:
                return self._write_once(outcomes)
            except OperationalError as error:
                log.warning("outcomes not yet written", reason=str(error.orig), captures=len(outcomes))
                time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        return self._write_once(outcomes)

    def _write_once(self, outcomes: Mapping[Claim, Outcome]) -> set[UUID]:
        patience = timedelta(seconds=self._settings.transient_patience_seconds)
        with transaction(self._engine) as session:
            return write_outcomes(session, outcomes, patience=patience)
