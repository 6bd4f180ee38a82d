"""Assessments and proposals for the terminal."""

from collections.abc import Iterator

from cloud_service.gate.schemas import AssessmentDetail, ImpactEntry, ProposalView, TestSetFigures
from cloud_service.ml.evaluation.comparison import ComparedModel, Comparison
from cloud_service.ml.evaluation.measures import UNBOUNDED, Measure
from cloud_service.registry.words import named
from shared.vocabulary import RESEARCH_USE_ONLY
from shared.wording import counted

_MARKS = {True: "passed", False: "FAILED", None: "NOT LOOKED AT"}
_SHOWN = (
    (Measure.RECALL_ALL, "sensitivity"),
    (Measure.RECALL_NOT_ALL, "specificity"),
    (Measure.BALANCED_ACCURACY, "balanced accuracy"),
    (Measure.ROC_AUC, "area under ROC"),
    (Measure.BRIER, "Brier score"),
)
_MOST_CASES = 20


def told_assessment(found: AssessmentDetail) -> Iterator[str]:
    """An assessment, line by line: the checks in words, both models' figures, and the signed cases called otherwise."""
    champion = f"{found.champion_name} {found.champion_version}" if found.champion_digest else "no model"
    yield (
        f"{found.model_name} {found.model_version} ({found.model_digest[:12]}) against {champion} in "
        f"{named(found.scope)}, {found.created_at:%Y-%m-%d %H:%M} UTC"
    )
    yield f"Assessment {found.id}: the gate is {'passed' if found.passed else 'NOT PASSED'}."
    if found.overtaken:
        yield f"It is overtaken. {found.overtaken}"
    for check in found.checks:
        yield f"\n{_MARKS[check.passed]}: {check.title}"
        yield f"  {check.text}"
        if check.advice:
            yield f"  What to do: {check.advice}"
    for measured in found.figures.test_sets:
        yield from _told_set(measured)
    yield from _told_impact(found.impact)
    yield f"\n{RESEARCH_USE_ONLY}"


def told_proposal(proposal: ProposalView) -> str:
    """A proposal in two lines."""
    override = f" In spite of the gate: {proposal.override_reason}" if proposal.override_reason else ""
    decided = f" {proposal.state} by {proposal.decided_by}." if proposal.decided_by else f" {proposal.state}."
    return (
        f"{proposal.id}  {proposal.model_name} {proposal.model_version} ({proposal.model_digest[:12]}) for "
        f"{named(proposal.scope)}:{decided}\n"
        f"  {proposal.proposed_by}, {proposal.proposed_at:%Y-%m-%d %H:%M} UTC: {proposal.reason}{override}"
    )


def _told_set(measured: TestSetFigures) -> Iterator[str]:
    yield (
        f"\nLocked test set {measured.name} {measured.number}: {counted(measured.images, 'image')} "
        f"({measured.positives} with ALL) in {counted(measured.groups, 'group')}"
    )
    yield f"  {'':20}{'candidate':>26}{'in service':>26}  difference"
    for measure, name in _SHOWN:
        yield f"  {name:20}{_told_row(measured.comparison, measure)}"
    for warning in measured.comparison.warnings:
        yield f"  {warning}"


def _told_row(comparison: Comparison, measure: Measure) -> str:
    difference = comparison.differences.get(measure)
    told = "" if difference is None else difference.as_number() if measure in UNBOUNDED else difference.as_points()
    return f"{_value(comparison.challenger, measure):>26}{_value(comparison.champion, measure):>26}  {told}"


def _value(model: ComparedModel | None, measure: Measure) -> str:
    estimate = model.figures.measures.get(measure) if model else None
    if estimate is None:
        return "-"
    return estimate.as_number() if measure in UNBOUNDED else estimate.as_percent()


def _told_impact(impact: list[ImpactEntry]) -> Iterator[str]:
    yield f"\nSigned cases that it would have called otherwise: {len(impact)}"
    for entry in impact[:_MOST_CASES]:
        was = f", the model in service {entry.champion_answer}" if entry.champion_answer else ""
        yield (
            f"  {entry.change:12} /cases/{entry.case_id}  signed {entry.verdict}{was}, the candidate "
            f"{entry.challenger_answer}"
        )
    if len(impact) > _MOST_CASES:
        yield f"  … and {len(impact) - _MOST_CASES} more (--json)"
