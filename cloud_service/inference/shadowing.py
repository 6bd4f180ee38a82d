"""Shadow runs in the worker: a candidate answers captures that were answered already, when nothing else is to do.

What it says goes into a table of its own, which no case reads. Whatever goes wrong here is logged and dropped: the
answer that people wait for is written before.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from cloud_service.database import transaction, upsert
from cloud_service.inference.analysis import analyse
from cloud_service.inference.outcomes import Answer
from cloud_service.inference.reading import CaptureReader
from cloud_service.models import ShadowPrediction, ShadowRun
from cloud_service.registry.served import ServedModel
from cloud_service.registry.serving import Serving
from shared.logs import get_logger

_MOST_WAITING = 64
"""Captures that may wait for a quiet moment; where more come, the oldest go unanswered, as no burst is to be followed
by a second one."""
_CHANCES = 1 << 32

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """A capture with the answer that was given for it."""

    capture_id: UUID
    sha256: str
    site: str
    answer: Answer


class Shadower:
    """Lets the candidates of open shadow runs answer their share of the captures, one at a time.

    Args:
        serving: knows the runs, and holds their models.
        reader: reads captures.
        engine: of the database.
    """

    def __init__(self, serving: Serving, reader: CaptureReader, engine: Engine) -> None:
        self._serving = serving
        self._reader = reader
        self._engine = engine
        self._waiting: deque[tuple[str, Given]] = deque(maxlen=_MOST_WAITING)

    def note(self, answered: Iterable[Given]) -> None:
        """Set aside those captures that a candidate is to answer too. Costs nothing where no run is open."""
        for given in answered:
            for shadow in self._serving.shadows_of(given.site):
                if shadow.digest != given.answer.model.digest and _is_chosen(given.capture_id, shadow.share):
                    self._waiting.append((shadow.digest, given))

    def run_one(self) -> bool:
        """Let a candidate answer one capture; return False where none waits.

        What waits for a model that is not loaded, or whose run has ended, is dropped.
        """
        while self._waiting:
            digest, given = self._waiting.popleft()
            model = self._serving.in_the_shadow(digest)
            if model is not None:
                self._answer(model, given)
                return True
        return False

    def _answer(self, model: ServedModel, given: Given) -> None:
        outcome = analyse(model, self._reader, {given.capture_id: given.sha256})[given.capture_id]
        if not isinstance(outcome, Answer):
            log.warning("no answer in the shadow", digest=model.digest, reason=outcome.reason)
            return
        try:
            self._write(outcome, given)
        except OperationalError as error:
            log.warning("an answer in the shadow is not written", digest=model.digest, reason=str(error.orig))

    def _write(self, answer: Answer, given: Given) -> None:
        row = {
            "capture_id": given.capture_id,
            "model_digest": answer.model.digest,
            "beside_digest": given.answer.model.digest,
            "probability": answer.probability,
            "label": answer.label,
            "doubts": list(answer.doubts),
            "given_label": given.answer.label,
            "given_probability": given.answer.probability,
        }
        open_run = select(ShadowRun.id).where(
            ShadowRun.model_digest == answer.model.digest, ShadowRun.ended_at.is_(None)
        )
        with transaction(self._engine) as session:
            if session.scalars(open_run).first() is not None:
                session.execute(upsert(session, ShadowPrediction).values(row).on_conflict_do_nothing())


def _is_chosen(capture_id: UUID, share: float) -> bool:
    """Whether a capture belongs to the share: by the random part of its id, so that every worker chooses the same."""
    return capture_id.int % _CHANCES < share * _CHANCES
