"""How checks are worded."""

from typing import Final

from cloud_service.gate.schemas import GateCheck
from cloud_service.gate.work_order import AssessmentOutcome
from cloud_service.vocabulary import GateCheckName

TITLES: Final = {
    GateCheckName.PACKAGE: "The package is the one that was registered",
    GateCheckName.INPUT: "It takes the same images",
    GateCheckName.PARITY: "The runtimes agree",
    GateCheckName.TEST_SETS: "There are images that it was not made from",
    GateCheckName.SENSITIVITY: "Its sensitivity is not worse",
    GateCheckName.PROMISES: "It is better or equal where that was promised",
    GateCheckName.CALIBRATION: "Its probabilities can be believed as much",
    GateCheckName.SPEED: "It is fast enough",
    GateCheckName.SIGNED_CASES: "It finds as many of the cases that people signed as suspicious",
}


def check(name: GateCheckName, *, passed: bool, text: str, advice: str | None = None) -> GateCheck:
    """A check that was made; the advice is for where it is not passed."""
    return GateCheck(name=name, title=TITLES[name], passed=passed, text=text, advice=None if passed else advice)


def not_looked_at(name: GateCheckName, why: str) -> GateCheck:
    """A check that could not be made."""
    advice = "Put that right, then assess the model again."
    return GateCheck(name=name, title=TITLES[name], passed=None, text=f"Not looked at: {why}", advice=advice)


def missing(name: GateCheckName, outcome: AssessmentOutcome) -> GateCheck:
    """A check for which the champion could not be measured."""
    why = outcome.champion_fault or "it was not measured"
    return not_looked_at(name, f"the model in service could not be used to compare with: {why}")
