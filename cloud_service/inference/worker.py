"""The inference worker: claims a batch of captures, reads them, asks the model, writes the answers."""

import os
import random
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.inference.answers import Answerer, write_outcomes
from cloud_service.inference.claims import Claim, claim_batch
from cloud_service.inference.outcomes import Answer, Outcome, Refusal
from cloud_service.inference.reading import CaptureReader, Pixels
from cloud_service.ml.attention import kept
from cloud_service.ml.doubts import Doubter
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.models import Capture
from cloud_service.wakeup import WakeUps
from shared.errors import PermanentError
from shared.imaging.decode import PIXEL_CEILING, ImageLimits
from shared.logs import get_logger

_WRITE_TRIES = 5

log = get_logger(__name__)


class InferenceWorker:
    """Analyses captures with one model. Results are kept by capture id, never by position.

    Args:
        runtime: the model, ready to predict; used by one thread at a time.
        package: the model's verified package, whose spec says how images are read, and its statistics what to doubt.
        blob_store: where the captures' bytes lie.
        engine: of the database.
        notifier: wakes up those who wait for answers.
        settings: batch, lease, attempts, limits, patience.

    Raises:
        PermanentError: the package's statistics are not as they must be.
    """

    def __init__(
        self,
        *,
        runtime: Runtime,
        package: ModelPackage,
        blob_store: BlobStore,
        engine: Engine,
        notifier: WakeUps,
        settings: Settings,
    ) -> None:
        self._runtime = runtime
        self._doubter = Doubter.of(package)
        self._engine = engine
        self._notifier = notifier
        self._settings = settings
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._model = (f"{package.card.name} {package.card.version}", package.digest)
        self._answered = 0
        self._answerer = Answerer(package, runtime.name, timedelta(seconds=settings.transient_patience_seconds))
        limits = ImageLimits(
            max_pixels=min(settings.capture_max_pixels, PIXEL_CEILING), max_bytes=settings.capture_max_bytes
        )
        self._reader = CaptureReader(blob_store, package.card.preprocess, limits)

    def run_batch(self) -> int:
        """Claim a batch, analyse it and write the outcomes.

        Whatever error leaves this method, the claimed jobs come back when their lease runs out, with the attempt
        counted.

        Returns:
            The number of captures claimed; 0 when nothing is claimable.
        """
        claims, digests = self._claim()
        if not claims:
            return 0
        found = self._reader.read_all(digests)
        pixels = {capture_id: item for capture_id, item in found.items() if isinstance(item, np.ndarray)}
        outcomes: dict[UUID, Outcome] = {
            capture_id: item for capture_id, item in found.items() if not isinstance(item, np.ndarray)
        }
        outcomes |= self._predict(pixels)
        self._write({claim: outcomes[claim.capture_id] for claim in claims})
        self._notifier.changes()
        self._answered += len(claims)
        return len(claims)

    def about(self) -> dict[str, str | int]:
        """What people may want to know of this worker."""
        model, digest = self._model
        return {"model": model, "model_digest": digest, "runtime": self._runtime.name, "answered": self._answered}

    def close(self) -> None:
        """End the threads that decode."""
        self._reader.close()

    def _claim(self) -> tuple[list[Claim], dict[UUID, str]]:
        settings = self._settings
        with transaction(self._engine) as session:
            claims = claim_batch(
                session,
                self.name,
                limit=settings.claim_batch,
                lease=timedelta(seconds=settings.claim_lease_seconds),
                max_attempts=settings.max_attempts,
            )
            ids = [claim.capture_id for claim in claims]
            rows = session.execute(select(Capture.id, Capture.sha256).where(Capture.id.in_(ids))) if ids else ()
            return claims, {row.id: row.sha256 for row in rows}

    def _predict(self, pixels: Mapping[UUID, Pixels]) -> dict[UUID, Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        ids, step = list(pixels), self._runtime.batch_limit
        for start in range(0, len(ids), step):
            outcomes |= self._predict_together(ids[start : start + step], pixels)
        return outcomes

    def _predict_together(self, ids: Sequence[UUID], pixels: Mapping[UUID, Pixels]) -> dict[UUID, Outcome]:
        """Ask the model once; where it fails on several captures, ask for each alone to find the one at fault."""
        try:
            found = self._runtime.predict(np.stack([pixels[capture_id] for capture_id in ids]))
        except PermanentError as error:
            if len(ids) == 1:
                return {ids[0]: Refusal(str(error))}
            alone = [self._predict_together([capture_id], pixels) for capture_id in ids]
            return {capture_id: outcome for outcomes in alone for capture_id, outcome in outcomes.items()}
        maps = [None] * len(ids) if found.attention is None else [kept(attention) for attention in found.attention]
        return {
            capture_id: self._answer(pixels[capture_id], float(probability), attention)
            for capture_id, probability, attention in zip(ids, found.probabilities, maps, strict=True)
        }

    def _answer(self, pixels: Pixels, probability: float, attention: bytes | None) -> Answer:
        return Answer(probability, self._doubter.doubts(pixels, probability), attention)

    def _write(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write the outcomes; a database that is away for a moment does not cost the captures an attempt.

        Writing twice does no harm: where a commit went through whose answer was lost, the claims hold no longer.
        """
        for attempt in range(_WRITE_TRIES):
            try:
                with transaction(self._engine) as session:
                    write_outcomes(session, self._answerer, outcomes)
            except OperationalError as error:
                if attempt == _WRITE_TRIES - 1:
                    raise
                log.warning("outcomes not yet written", reason=str(error.orig), captures=len(outcomes))
                time.sleep(0.1 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            else:
                return
