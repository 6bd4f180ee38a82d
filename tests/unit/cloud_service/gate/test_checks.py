"""What the gate lets pass, and what it says where it does not."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from cloud_service.gate import schemas
from cloud_service.gate.checks import checks_of, has_passed
from cloud_service.gate.margins import MARGINS
from cloud_service.gate.schemas import (
    ComparisonFigures,
    GateCheck,
    ImpactSummary,
    ParityFigures,
    SpeedFigures,
)
from cloud_service.gate.work_order import AssessmentOrder, AssessmentOutcome, OrderedModel, OrderedTestSet
from cloud_service.ml.evaluation.comparing import AnswersAt, compare
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint
from cloud_service.vocabulary import GateCheckName, ImpactChange
from tests.support.answers import answers

MANY = 120  # images with ALL, and as many without
"""Enough to exclude a loss of five points."""


def logits(missed: int = 0, alarms: int = 0, height: float = 3.0) -> list[float]:
    """Of MANY images with ALL, `missed` of them below 0, then as many without, `alarms` of them above."""
    with_all = [-height] * missed + [height] * (MANY - missed)
    return [*with_all, *([height] * alarms), *([-height] * (MANY - alarms))]


def measured(ours: list[float], theirs: list[float] | None, count: int = MANY) -> schemas.TestSetFigures:
    picked = [*range(MANY - count, MANY), *range(MANY, MANY + count)]
    labels = [1] * count + [0] * count

    def at(found: list[float]) -> AnswersAt:
        return AnswersAt(answers([found[place] for place in picked], labels), OperatingPoint())

    return schemas.TestSetFigures(
        dataset_id=UUID(int=1),
        name="locked",
        number=1,
        site=None,
        digest="a" * 64,
        images=2 * count,
        positives=count,
        groups=2 * count,
        comparison=compare(at(ours), at(theirs) if theirs else None),
    )


def checks(
    *sets: schemas.TestSetFigures,
    outcome: dict[str, Any] | None = None,
    champion: bool = True,
    promises: tuple[Measure, ...] = (Measure.BALANCED_ACCURACY,),
    **figures: Any,
) -> dict[GateCheckName, GateCheck]:
    """All checks of a model about which nothing else is wrong."""
    model = OrderedModel(digest="c" * 64, package_sha256="d" * 64)
    ordered = [
        OrderedTestSet(dataset_id=UUID(int=1), name="locked", number=1, site=None, digest="a" * 64, images=[])
        for _ in sets
    ]
    order = AssessmentOrder(
        scope="*",
        promises=promises,
        runtime="auto",
        threads=1,
        challenger=model,
        champion=model if champion else None,
        test_sets=ordered,
        cases=[],
        of_cases=0,
    )
    found = {
        "challenger_fault": None,
        "champion_fault": None,
        "challenger_size": 224,
        "champion_size": 224 if champion else None,
        "trained_on": "b" * 64,
        "parity": ParityFigures(images=23, difference=1e-5, most=1e-4),
    }
    shown: dict[str, Any] = {
        "scope": "*",
        "promises": promises,
        "margins": MARGINS,
        "challenger_size": 224,
        "champion_size": 224,
        "parity": None,
        "speed": a_speed(1.0),
        "test_sets": list(sets),
        "signed_cases": a_summary(),
    }
    made = checks_of(order, AssessmentOutcome(**found | (outcome or {})), ComparisonFigures(**shown | figures))
    assert [check.name for check in made] == list(GateCheckName)
    for check in made:
        assert (check.advice is None) is (check.passed is True)
        assert not any(word in f"{check.text} {check.advice}".casefold() for word in ("normal", "healthy"))
    return {check.name: check for check in made}


def a_speed(ratio: float | None) -> SpeedFigures:
    return SpeedFigures(
        runtime="onnxruntime",
        threads=1,
        images=24,
        challenger_milliseconds=7.0,
        champion_milliseconds=7.0 if ratio else None,
        ratio=ratio,
    )


def a_summary(**fields: Any) -> ImpactSummary:
    plain: dict[str, Any] = {
        "cases": 4,
        "of_cases": 9,
        "images": 8,
        "trained_on": 0,
        "unreadable": 0,
        "suspicious": 2,
        "challenger_found": 2,
        "champion_found": 2,
        "changes": {},
    }
    return ImpactSummary(**plain | fields)


def test_a_model_that_answers_as_the_one_in_service_passes() -> None:
    made = checks(measured(logits(missed=3, alarms=2), logits(missed=3, alarms=2)))

    assert {name: check.passed for name, check in made.items()} == dict.fromkeys(GateCheckName, True)
    assert has_passed(list(made.values()))


def test_a_sensitivity_that_is_worse_by_more_than_the_margin_fails() -> None:
    found = checks(measured(logits(missed=20), logits()))[GateCheckName.SENSITIVITY]

    assert found.passed is False
    assert "sensitivity 83.3 % (in service 100.0 %), difference -16.7 points" in found.text
    assert "it misses more than the 5 points that are let pass" in found.text


def test_a_loss_that_is_not_excluded_fails_though_it_is_not_seen() -> None:
    made = checks(measured(logits(), logits(), count=40))

    assert made[GateCheckName.SENSITIVITY].passed is False
    assert "holds 40 groups (patients, smears) with ALL; to exclude it takes 72" in made[GateCheckName.SENSITIVITY].text
    assert not has_passed(list(made.values()))


def test_one_hit_more_shows_nothing_of_groups_that_were_not_seen() -> None:
    made = checks(measured(logits(), logits(missed=1), count=40))

    assert made[GateCheckName.SENSITIVITY].passed is False
    assert "to exclude it takes 72" in made[GateCheckName.SENSITIVITY].text


def test_fewer_hits_on_other_images_may_pass_within_the_margin() -> None:
    found = checks(measured(logits(missed=1), logits()), promises=())

    assert found[GateCheckName.SENSITIVITY].passed is True
    assert found[GateCheckName.PROMISES].passed is True


@pytest.mark.parametrize(("alarms", "passed"), [(4, False), (3, True), (2, True)])
def test_what_was_promised_is_better_or_equal_on_the_same_images(alarms: int, passed: bool) -> None:  # noqa: FBT001
    found = checks(measured(logits(alarms=alarms), logits(alarms=3)))[GateCheckName.PROMISES]

    assert found.passed is passed
    assert ("worse where better or equal was promised" in found.text) is not passed


def test_each_test_set_must_be_passed_by_itself() -> None:
    good, bad = measured(logits(), logits()), measured(logits(missed=30), logits())

    assert checks(good, good)[GateCheckName.SENSITIVITY].passed is True
    assert checks(good, bad)[GateCheckName.SENSITIVITY].passed is False


def test_probabilities_that_are_further_from_what_is_so_fail() -> None:
    found = checks(measured(logits(height=0.2), logits()), promises=())[GateCheckName.CALIBRATION]

    assert found.passed is False
    assert "its probabilities are further from what is so" in found.text


@pytest.mark.parametrize(("ratio", "passed"), [(1.5, True), (1.51, False), (0.4, True)])
def test_a_model_may_take_so_much_longer(ratio: float, passed: bool) -> None:  # noqa: FBT001
    found = checks(measured(logits(), logits()), speed=a_speed(ratio))[GateCheckName.SPEED]

    assert found.passed is passed


def test_signed_cases_that_it_would_miss_fail_and_are_counted() -> None:
    summary = a_summary(challenger_found=1, changes={ImpactChange.MISSED: 1}, trained_on=3, unreadable=1)

    found = checks(measured(logits(), logits()), signed_cases=summary)[GateCheckName.SIGNED_CASES]

    assert found.passed is False
    assert found.text == (
        "Of the newest 4 of 9 signed cases, 1 would be called otherwise. Of 2 signed as suspicious, it calls 1 so, the "
        "model in service 2. 3 of the 8 images are in data sets for training: it may know these by heart. 1 image "
        "could not be read."
    )


def test_a_first_model_has_nothing_to_be_compared_with() -> None:
    made = checks(
        measured(logits(), None),
        champion=False,
        speed=a_speed(None),
        signed_cases=a_summary(champion_found=None),
    )

    assert has_passed(list(made.values()))
    assert "No model is in service there" in made[GateCheckName.SENSITIVITY].text


def test_a_champion_that_was_not_measured_lets_nothing_pass() -> None:
    made = checks(measured(logits(), None), outcome={"champion_fault": "Its package is missing."}, speed=a_speed(None))

    for name in (GateCheckName.SENSITIVITY, GateCheckName.PROMISES, GateCheckName.CALIBRATION, GateCheckName.SPEED):
        assert made[name].passed is None
        assert "Its package is missing." in made[name].text


def test_a_package_that_cannot_be_used_leaves_the_rest_unlooked_at() -> None:
    made = checks(outcome={"challenger_fault": "model.onnx is not the file that the card names."})

    assert made.pop(GateCheckName.PACKAGE).passed is False
    assert {check.passed for check in made.values()} == {None}


def test_sets_without_all_have_no_sensitivity() -> None:
    lone = AnswersAt(answers(np.linspace(-3, -1, 9).tolist(), [0] * 9), OperatingPoint())
    wanted = measured(logits(), logits()).model_copy(update={"comparison": compare(lone, lone)})

    found = checks(wanted)[GateCheckName.SENSITIVITY]

    assert found.passed is False
    assert "it holds no image with ALL" in found.text
