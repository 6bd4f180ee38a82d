"""What the API takes and tells of model versions: which there are, where they answer, and since when."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.models.registry import EVERYWHERE
from cloud_service.vocabulary import ActivationKind, ModelState
from cloud_service.web.schemas import ApiModel, ApiRequest, Moment
from shared.identifiers import Sha256, SlugId
from shared.vocabulary import Label

Scope = SlugId | Literal["*"]
"""A site's id, or EVERYWHERE: all sites that have no model of their own."""
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class ModelSummary(ApiModel):
    """One version of one model."""

    digest: Sha256
    """Of its package; each answer names it."""
    name: Annotated[str, Field(examples=["se-cnn"])]
    version: Annotated[str, Field(examples=["demo-1"])]
    state: ModelState
    active_in: list[str]
    """The scopes in which it is in service: sites, or `*` for all that have no model of their own."""
    is_kept: bool
    """Whether its package is kept here, so that it can be put into service."""
    training_job_id: UUID | None
    """That it came out of."""
    registered_by: str
    registered_at: AwareDatetime
    last_used_at: AwareDatetime | None
    answers: int
    """How many captures it has answered."""


class ActivationView(ApiModel):
    """From when to when a model answered in a scope, and who wanted it so."""

    id: UUID
    scope: str
    model_digest: Sha256
    model_name: str
    model_version: str
    kind: ActivationKind
    from_at: AwareDatetime
    until_at: AwareDatetime | None
    """None: it does still."""
    by: str
    approved_by: str | None
    reason: str
    proposal_id: UUID | None


class ShadowRunView(ApiModel):
    """A candidate that answers some of the live captures beside the model in service."""

    id: UUID
    model_digest: Sha256
    scope: str
    share: float
    started_by: str
    started_at: AwareDatetime
    ended_by: str | None
    ended_at: AwareDatetime | None


class ModelDetail(ModelSummary):
    """One version of one model, with its card and its history."""

    card: dict[str, Any]
    """What it was made from, how well it did on images that it had not seen, and how far it may be believed."""
    timeline: list[ActivationView]
    """Where it was in service, the newest first."""
    shadow_runs: list[ShadowRunView]
    """The newest first."""
    assessments: list[UUID]
    """The newest first."""


class RejectRequest(ApiRequest):
    """A person's decision against a model."""

    reason: Reason


class RollbackRequest(ApiRequest):
    """The wish to go back to the model before."""

    scope: Scope = EVERYWHERE
    reason: Reason
    model_digest: Sha256 | None = None
    """Of the model that is to go: refused where another one is in service by now, so that of two people who go back at
    the same time only one does."""


class ReanalysisRequest(ApiRequest):
    """The wish to have captures of unsigned cases analysed anew, by the model that is now in service."""

    scope: Scope = EVERYWHERE
    since: Moment
    """Captures announced at or after this moment."""


class ReanalysisOffer(ApiModel):
    """What could be analysed anew after a change of model; nothing is, unless somebody asks for it."""

    scope: str
    since: AwareDatetime
    captures: int
    """Of unsigned cases, answered by another model than the one in service."""


class Rollback(ApiModel):
    """What came of going back."""

    activation: ActivationView
    """What answers in the scope from now on; already ended where a site gave up its own model."""
    replaced: ActivationView
    """What answered until now."""
    offer: ReanalysisOffer


class Reanalysis(ApiModel):
    """What was queued anew."""

    scope: str
    since: AwareDatetime
    captures: int


class ShadowRequest(ApiRequest):
    """The wish to let a model answer in the shadow of the one in service."""

    scope: Scope = EVERYWHERE
    share: Annotated[float, Field(gt=0.0, le=1.0, examples=[0.1])]
    """Of the captures."""


class ShadowDifference(ApiModel):
    """A capture that the two models label differently."""

    capture_id: UUID
    site: str
    case_id: UUID | None
    beside_digest: Sha256
    """The model whose answer was given."""
    given_label: Label
    given_probability: float
    label: Label
    """What the model in the shadow would have said."""
    probability: float
    at: AwareDatetime


class ShadowSummary(ApiModel):
    """How a model did in the shadow of the one in service."""

    runs: list[ShadowRunView]
    """The newest first."""
    captures: int
    """Answered by both."""
    agreement: float | None
    """Share of the captures with the same label; None where there are no captures."""
    more_suspicious: int
    """Captures that it alone calls suspicious."""
    less_suspicious: int
    """Captures that the model in service alone calls suspicious."""
    mean_difference: float | None
    """Of the probabilities, signed: above 0 where this model sees more blast features."""
    mean_absolute_difference: float | None
    differing: list[ShadowDifference]
    """Captures with different labels, the newest first, 100 at most."""
