"""Where the model looked in a capture: from what is kept with its newest answer to a picture to lay over the image."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import record
from cloud_service.captures import queries
from cloud_service.errors import NotFoundError
from cloud_service.ml.attention import AttentionMap, Side, evidence_of, on_photograph, overlay
from cloud_service.models import Capture, ModelVersion, Prediction
from shared.imaging.preprocess import PreprocessSpec
from shared.vocabulary import Label

_DRAWING = 1
"""Rises when the same map would be drawn in another way, so that browsers ask for it anew."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a model's newest answer keeps of where it looked, with all that placing it on the image needs."""

    capture: Capture
    label: Label
    model_digest: str
    kept: bytes
    card: AttentionMap
    spec: PreprocessSpec

    def tag(self, side: Side) -> str:
        """Tells one drawing from every other, as an ETag does."""
        return f"{self.capture.sha256}-{self.model_digest}-{side}-{_DRAWING}"


def looked_at(session: Session, who: Identity, capture_id: UUID) -> Looked:
    """Where the model looked when it last answered for a capture.

    Raises:
        NotFoundError: there is no such capture, no answer, or none with a map; the text says which.
    """
    capture = queries.capture_by_id(session, capture_id, within=who.site)
    newest = (
        select(Prediction.label, Prediction.attention, ModelVersion.digest, ModelVersion.card)
        .join(ModelVersion, ModelVersion.digest == Prediction.model_digest)
        .where(Prediction.capture_id == capture_id)
        .order_by(Prediction.created_at.desc(), Prediction.id)
        .limit(1)
    )
    found = session.execute(newest).one_or_none()
    if found is None:
        raise NotFoundError(f"Capture {capture_id} is {capture.state}: no model has answered, so there is no map.")
    if found.card.get("attention") is None:
        raise NotFoundError(
            f"The model {found.digest[:12]} that answered for capture {capture_id} gives no map of where it looked. "
            "`smearflow model renew` makes a package that does; it serves the captures that come from then on."
        )
    if found.attention is None:
        raise NotFoundError(f"Capture {capture_id} was answered before maps were kept, so there is none.")
    return Looked(
        capture=capture,
        label=Label(found.label),
        model_digest=found.digest,
        kept=found.attention,
        card=AttentionMap.model_validate(found.card["attention"]),
        spec=PreprocessSpec.model_validate(found.card["preprocess"]),
    )


def drawn(looked: Looked, side: Side) -> bytes:
    """A PNG with the aspect ratio of the capture, clear where nothing spoke for that answer.

    Raises:
        NotFoundError: nothing in the whole image spoke for it.
    """
    for_all = side is Side.FOR_ALL or (side is Side.ANSWER and looked.label is Label.SUSPICIOUS)
    evidence = evidence_of(looked.kept, for_all=for_all)
    if not evidence.any():
        what = "for" if for_all else "against"
        raise NotFoundError(f"Nothing in the image of capture {looked.capture.id} spoke {what} blast features.")
    size = looked.capture.width, looked.capture.height
    return overlay(on_photograph(evidence, looked.card, looked.spec, size=size))


def note_attention_seen(session: Session, who: Identity, capture: Capture) -> None:
    """Audit that somebody is about to be shown where the model looked in a capture."""
    record(session, who.actor, Action.ATTENTION_SEEN, str(capture.id))
