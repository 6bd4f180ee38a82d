"""What the API and the event stream tell of cases, and what people send."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from cloud_service.captures.schemas import CaptureSummary
from cloud_service.web.schemas import ApiModel, ApiRequest
from shared.imaging.quality import Verdict
from shared.vocabulary import CaseAnswer, CaseState, PersonVerdict, WorkQueue

Pseudonym = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps none in a text
_TEXT = StringConstraints(strip_whitespace=True, pattern=_NO_NUL)
Reason = Annotated[str, Field(min_length=1, max_length=2000), _TEXT]
Words = Annotated[str, Field(min_length=1, max_length=4000), _TEXT]
# As it is typed, with the blank behind which the next word follows.
DraftedReason = Annotated[str, Field(max_length=2000, pattern=_NO_NUL)]
DraftedWords = Annotated[str, Field(max_length=4000, pattern=_NO_NUL)]


def _of_a_case(verdict: PersonVerdict) -> PersonVerdict:
    if verdict is PersonVerdict.NOT_EVALUABLE:
        raise ValueError("A single image can be not evaluable; of a case, say that you cannot say.")
    return verdict


CaseVerdict = Annotated[PersonVerdict, AfterValidator(_of_a_case)]


class CaseSummary(ApiModel):
    """One row of the worklist."""

    id: UUID
    site: str
    device: str
    """That took the newest capture."""
    pseudonym: str
    """Stands for the accession."""
    smear: str | None
    state: CaseState
    queue: WorkQueue
    version: int
    """To be named by whoever changes the case: what he has seen."""
    answer: CaseAnswer | None
    wording: str
    """The answer for people, with the number of images; never that somebody is healthy."""
    reasons: list[str]
    """Why the answer is what it is, in whole sentences."""
    probability: float | None
    """The highest one among answers that are not doubted."""
    place: float
    """Its place within its queue, from 0, the most suspicious, to 1; among equals the oldest comes first."""
    images: int
    analysed_images: int
    suspicious_images: int
    doubted_images: int
    failed_images: int
    quality: Verdict | None
    """The worst of its images."""
    thumbnails: list[UUID]
    """Captures, the most suspicious first, four at most."""
    opened_at: AwareDatetime
    latest_at: AwareDatetime
    held_by: str | None
    held_since: AwareDatetime | None
    second_read: bool
    """Another person is to read it before a report can be final."""
    signed_by: str | None
    signed_at: AwareDatetime | None
    images_since_signature: int
    """That the signer did not have: new ones, and such whose analysis had failed and was tried again."""


class CasePage(ApiModel):
    """Some cases, in the order of the worklist."""

    cases: list[CaseSummary]
    next: str | None
    """Ask with this as `after` for the page behind; None: there is none."""
    position: int
    """Of the event log: the stream behind it tells every later change."""


class CaseCounts(ApiModel):
    """How many cases stand in each part of the worklist; `failed` are those with a failed image, wherever."""

    critical: int
    review: int
    routine: int
    cannot_say: int
    waiting: int
    done: int
    failed: int
    position: int
    """The event position at which this was so; who knows of a later one may ask again."""


class ImageFindingView(ApiModel):
    """What a reading says of one image."""

    capture_id: UUID
    opened_at: AwareDatetime | None
    verdict: PersonVerdict | None
    reason: str | None
    saved_at: AwareDatetime


class ReadingView(ApiModel):
    """One person's read of a case."""

    id: UUID
    number: int
    reader: str
    verdict: PersonVerdict | None
    reason: str | None
    conclusion: str | None
    saved_at: AwareDatetime
    signed_at: AwareDatetime | None
    findings: list[ImageFindingView]


class SavedReading(ReadingView):
    """A reading after a change of one image's finding."""

    case_version: int
    """To be named by the next change."""


class CommentView(ApiModel):
    """What somebody wrote about a case."""

    id: UUID
    author: str
    text: str
    created_at: AwareDatetime


class ReportSummary(ApiModel):
    """A signed report, without its content."""

    id: UUID
    number: int
    status: str
    """FHIR R4 DiagnosticReport.status: final or amended."""
    signed_by: str
    signed_at: AwareDatetime
    amendment_reason: str | None
    content_sha256: str


class ModelFacts(ApiModel):
    """What a reader should know of the model behind the answers."""

    name: str
    version: str
    digest: str
    intended_use: str
    limits: list[str]
    """Why an answer may be wrong, in whole sentences, from the model's card."""
    threshold: float
    abstain_between: tuple[float, float] | None


class SignatureCheck(ApiModel):
    """One thing that must be so before a case is signed."""

    passed: bool
    text: str
    """For a person: what must be so, or what is missing."""


class CaseDetail(CaseSummary):
    """All that the page of one case shows but its images, which come by pages."""

    readings: list[ReadingView]
    """In their order; the last one without a signature is the one at work."""
    comments: list[CommentView]
    reports: list[ReportSummary]
    checks: list[SignatureCheck]
    """What must be so before the one who asks may sign, apart from the identity, which is confirmed on signing."""
    models: list[ModelFacts]
    earlier: list[CaseSummary]
    """Other cases with the same pseudonym, of other sites that share a key; newest first."""
    position: int


class CaseImages(ApiModel):
    """Some of a case's images, the most suspicious first."""

    images: list[CaptureSummary]
    next: str | None


class CaseChange(ApiRequest):
    """Any change of a case: names the version that the one who asks has seen."""

    version: int


class ReadingDraft(CaseChange):
    """What the reader has decided so far; saved as it is typed, so nothing is required."""

    verdict: CaseVerdict | None = None
    reason: DraftedReason | None = None
    conclusion: DraftedWords | None = None


class ImageFindingDraft(CaseChange):
    """What the reader says of one image; without a verdict, what was said is taken back."""

    verdict: PersonVerdict | None = None
    reason: DraftedReason | None = None


class SignatureRequest(CaseChange):
    """A signature; the identity is confirmed by naming the pseudonym's first eight digits."""

    confirmed_pseudonym: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class AmendmentRequest(SignatureRequest):
    """Another diagnosis in the place of the signed one."""

    verdict: CaseVerdict
    conclusion: Words
    amendment_reason: Reason


class NewComment(ApiRequest):
    """A comment to be added."""

    text: Words
