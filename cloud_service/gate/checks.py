"""What is looked at before a model may come into service, in words: what was found, why it counts, what to do next."""

from collections.abc import Sequence

from cloud_service.gate.comparison_checks import calibration_check, promises_check, sensitivity_check
from cloud_service.gate.schemas import ComparisonFigures, GateCheck, ImpactSummary
from cloud_service.gate.words import check, missing, not_looked_at
from cloud_service.gate.work_order import AssessmentOrder, AssessmentOutcome
from cloud_service.registry.words import named
from cloud_service.vocabulary import GateCheckName
from shared.wording import counted


def checks_of(order: AssessmentOrder, outcome: AssessmentOutcome, figures: ComparisonFigures) -> list[GateCheck]:
    """All checks, in the order in which they are read; a model passes the gate where it passes each.

    Args:
        order: what was to be measured.
        outcome: what was found.
        figures: the same, as it is kept.
    """
    first = _package_check(order, outcome)
    rest = (
        GateCheckName.INPUT,
        GateCheckName.PARITY,
        GateCheckName.TEST_SETS,
        GateCheckName.SENSITIVITY,
        GateCheckName.PROMISES,
        GateCheckName.CALIBRATION,
        GateCheckName.SPEED,
        GateCheckName.SIGNED_CASES,
    )
    if outcome.challenger_fault is not None:
        return [first, *(not_looked_at(name, "The model's package could not be used.") for name in rest)]
    return [
        first,
        _input_check(outcome),
        _parity_check(outcome),
        _test_sets_check(order, outcome),
        *(judge(order, outcome, figures) for judge in (sensitivity_check, promises_check, calibration_check)),
        _speed_check(order, outcome, figures),
        _signed_cases_check(figures.signed_cases, with_champion=order.champion is not None),
    ]


def has_passed(checks: Sequence[GateCheck]) -> bool:
    """Whether a model passes the gate: what could not be looked at is not passed."""
    return all(check.passed is True for check in checks)


def _package_check(order: AssessmentOrder, outcome: AssessmentOutcome) -> GateCheck:
    if outcome.challenger_fault is not None:
        return check(
            GateCheckName.PACKAGE,
            passed=False,
            text=outcome.challenger_fault,
            advice="Register the package again from where it came from, or train the model again; then assess it.",
        )
    return check(
        GateCheckName.PACKAGE,
        passed=True,
        text=f"Every file is the one that was registered as {order.challenger.digest[:12]}, and both runtimes load it.",
    )


def _input_check(outcome: AssessmentOutcome) -> GateCheck:
    ours, theirs = outcome.challenger_size, outcome.champion_size
    if theirs is None or ours == theirs:
        return check(GateCheckName.INPUT, passed=True, text=f"It takes images of {ours} x {ours} pixels.")
    return check(
        GateCheckName.INPUT,
        passed=False,
        text=(
            f"It takes images of {ours} x {ours} pixels, the model in service {theirs} x {theirs}. No worker here has "
            "served that size: its memory, its speed and its maps of attention are unproven."
        ),
        advice=f"Train it with size {theirs}. Or override, once a worker has been tried with it in a shadow run.",
    )


def _parity_check(outcome: AssessmentOutcome) -> GateCheck:
    parity = outcome.parity
    if parity is None:
        return check(
            GateCheckName.PARITY,
            passed=False,
            text=outcome.parity_fault or "The runtimes could not be compared.",
            advice="Export it again from its weights (smearflow model renew), register that package and assess it.",
        )
    return check(
        GateCheckName.PARITY,
        passed=True,
        text=(
            f"torch and ONNX Runtime agree on {parity.images} images: their logits differ by {parity.difference:.1e} "
            f"at most, {parity.most:.0e} is let pass."
        ),
    )


def _test_sets_check(order: AssessmentOrder, outcome: AssessmentOutcome) -> GateCheck:
    if not order.test_sets:
        where = "" if order.scope == "*" else f" --site {order.scope}"
        return check(
            GateCheckName.TEST_SETS,
            passed=False,
            text=f"There is no locked test set for {named(order.scope)}, so nothing says how the model does on images "
            "that it was not made from.",
            advice="Import one, with images of patients that no model was trained on: smearflow dataset import FOLDER "
            f"--name NAME --purpose locked-test{where}. Then assess the model again.",
        )
    own = [wanted.name for wanted in order.test_sets if wanted.digest == outcome.trained_on]
    if own:
        return check(
            GateCheckName.TEST_SETS,
            passed=False,
            text=f"The model's card says that it was trained on {own[0]!r}, which is a locked test set.",
            advice="Train a model on other images; figures of this one say what it has learnt by heart.",
        )
    told = ", ".join(
        f"{wanted.name} {wanted.number} ({counted(len(wanted.images), 'image')})" for wanted in order.test_sets
    )
    runtime = f", with the answers of {outcome.speed.runtime}, which serves it" if outcome.speed else ""
    return check(
        GateCheckName.TEST_SETS, passed=True, text=f"Measured on {told}{runtime}; nothing is ever trained on these."
    )


def _speed_check(order: AssessmentOrder, outcome: AssessmentOutcome, figures: ComparisonFigures) -> GateCheck:
    speed, most = figures.speed, figures.margins.slowdown
    if speed is None:
        return not_looked_at(GateCheckName.SPEED, "It could not be timed.")
    own = f"One image takes it {speed.challenger_milliseconds:.1f} ms ({speed.runtime}, {speed.threads} thread(s))"
    if speed.ratio is None:
        if order.champion is None:
            return check(GateCheckName.SPEED, passed=True, text=f"{own}; no model is in service to compare it with.")
        return missing(GateCheckName.SPEED, outcome)
    text = f"{own}, {speed.ratio:.2f} times as long as the model in service; {most:g} times is let pass."
    return check(
        GateCheckName.SPEED,
        passed=speed.ratio <= most,
        text=text,
        advice="Train a smaller network, or add workers before it comes into service and say so in an override.",
    )


def _signed_cases_check(summary: ImpactSummary | None, *, with_champion: bool) -> GateCheck:
    if summary is None:
        return not_looked_at(GateCheckName.SIGNED_CASES, "The signed cases could not be looked at.")
    if not summary.cases:
        return check(GateCheckName.SIGNED_CASES, passed=True, text="There is no signed case yet.")
    is_part = summary.cases < summary.of_cases
    which = f"the newest {summary.cases} of {summary.of_cases}" if is_part else f"all {summary.cases}"
    said = [f"Of {which} signed cases, {sum(summary.changes.values())} would be called otherwise."]
    if with_champion and summary.champion_found is not None:
        said.append(
            f"Of {summary.suspicious} signed as suspicious, it calls {summary.challenger_found} so, the model in "
            f"service {summary.champion_found}."
        )
    if summary.trained_on:
        said.append(
            f"{summary.trained_on} of the {summary.images} images are in data sets for training: it may know these by "
            "heart."
        )
    if summary.unreadable:
        said.append(f"{counted(summary.unreadable, 'image')} could not be read.")
    return check(
        GateCheckName.SIGNED_CASES,
        passed=summary.champion_found is None or summary.challenger_found >= summary.champion_found,
        text=" ".join(said),
        advice="Open the cases of the list that it would miss, and see what they share. Train on more of that kind, or "
        "say in an override why it is right.",
    )
