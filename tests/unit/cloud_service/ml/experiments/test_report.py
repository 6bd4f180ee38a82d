import re
from itertools import pairwise
from pathlib import Path

import pytest

from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.experiments.assembling import assemble
from cloud_service.ml.experiments.drawing import SAMPLES_NAME, draw_figures
from cloud_service.ml.experiments.folder import ExperimentSettings
from cloud_service.ml.experiments.plan import Experiment, data_names, plan_of
from cloud_service.ml.experiments.rendering import to_html, to_markdown
from cloud_service.ml.experiments.report import Report
from cloud_service.ml.experiments.wording import arm_line, verdict
from shared.vocabulary import RESEARCH_USE_ONLY
from tests.support.experiments import DIGEST, handmade_record, handmade_records, handmade_settings

COMMAND = "smearflow experiment all --dataset ALL_IDB2 --out out"


def report_of(settings: ExperimentSettings) -> Report:
    return assemble(settings, handmade_records(settings), command=COMMAND, machine="2 processors")


@pytest.fixture(scope="module")
def settings() -> ExperimentSettings:
    return handmade_settings(runs=2)


@pytest.fixture(scope="module")
def report(settings: ExperimentSettings) -> Report:
    return report_of(settings)


@pytest.fixture(scope="module")
def figures(settings: ExperimentSettings, report: Report) -> dict[str, bytes]:
    return draw_figures(report, handmade_records(settings)) | {SAMPLES_NAME: b"\x89PNG"}


def test_every_score_has_colours_beside_it(report: Report) -> None:
    for found in report.arms:
        assert set(found.colours) == set(found.mean)
        assert all(set(run.colours) == set(run.figures) for run in found.runs)
        assert found.over_colours is not None


def test_a_network_that_does_not_beat_colours_is_named_first(settings: ExperimentSettings) -> None:
    arms = settings.plan.arms
    records = {arm: [handmade_record(arm, run, skill=1.0, colour_skill=1.0) for run in (1, 2)] for arm in arms}
    report = assemble(settings, records, command=COMMAND, machine="2 processors")
    assert all(found.colour_warning for found in report.arms)
    assert any("does not clearly beat a random forest" in line and arms[0].title in line for line in report.cautions)


def test_a_network_that_beats_colours_is_not_warned_of(settings: ExperimentSettings) -> None:
    arms = settings.plan.arms
    records = {arm: [handmade_record(arm, run, skill=4.0, colour_skill=0.3) for run in (1, 2)] for arm in arms}
    report = assemble(settings, records, command=COMMAND, machine="2 processors")
    assert not any(found.colour_warning for found in report.arms)
    assert not any("colours" in line for line in report.cautions)


def test_confusion_counts_are_those_of_the_test_part(report: Report) -> None:
    counts = report.arms[0].runs[0].confusion
    assert counts.hits + counts.misses == counts.alarms + counts.passes == 26


def test_leaks_and_mixed_software_are_stated(settings: ExperimentSettings) -> None:
    records = handmade_records(settings)
    arm = settings.plan.arms[0]
    other = records[arm][0].model_copy(
        update={"leaks": ("Two images are one.",), "software": {"python": "3.0", "torch": "1"}}
    )
    report = assemble(settings, records | {arm: [other, *records[arm][1:]]}, command=COMMAND, machine="")
    assert any(line.endswith("which was allowed: Two images are one.") for line in report.cautions)
    assert any("different versions of the software" in line for line in report.cautions)
    assert len(report.software) == 2


def test_few_groups_are_stated_for_all_runs_or_for_single_ones(settings: ExperimentSettings) -> None:
    def cautions(run_groups: int, shift: int) -> tuple[str, ...]:
        records = {
            arm: [
                run.model_copy(
                    update={
                        "test": tuple(
                            answer.model_copy(update={"group": f"{(index % run_groups) + shift * run.run}"})
                            for index, answer in enumerate(run.test)
                        )
                    }
                )
                for run in runs
            ]
            for arm, runs in handmade_records(settings).items()
        }
        return assemble(settings, records, command=COMMAND, machine="").cautions

    assert any(line.startswith("Only 2 groups hold images with ALL") for line in cautions(4, 0))
    single = cautions(8, 8)  # in each of two runs four groups of either label, others in each
    assert any(line.startswith("A single run tests on fewer than 8 groups") for line in single)
    assert not any("groups" in line for line in cautions(26, 0))


def test_few_groups_are_those_of_one_of_two_data_sets() -> None:
    names = data_names([("many", Layout.ALL_IDB1), ("few", Layout.ALL_IDB2)])
    settings = handmade_settings().model_copy(update={"plan": plan_of(Experiment.TABLE2, names, ["paper"], 1)})
    many, few = (handmade_record(arm, 1) for arm in settings.plan.arms)
    alike = tuple(answer.model_copy(update={"group": "one"}) for answer in few.test)
    records = {many.arm: [many], few.arm: [few.model_copy(update={"test": alike})]}
    (caution,) = (line for line in assemble(settings, records, command=COMMAND, machine="").cautions if "group" in line)
    assert caution.startswith("few: Only 1 group holds images with ALL and 1 group holds images without ALL.")


def test_quick_says_that_its_figures_say_nothing() -> None:
    report = report_of(handmade_settings(Experiment.TABLE2, runs=1, quick=True))
    assert report.cautions[0].startswith("A quick trial (260 of 260 images of ALL_IDB2")


def test_differences_from_the_paper_are_listed(report: Report) -> None:
    text = " ".join(report.differences)
    for expected in ("Pooling stride 2", "Filters 32, 64, 128", "Reduction ratio 16", "1030 + 1050 to train on"):
        assert expected in text


def test_html_shows_the_papers_figures_and_ours(report: Report, figures: dict[str, bytes]) -> None:
    html = to_html(report, figures)
    for expected in ("97.99", "98.16", "88.6", "colours alone", RESEARCH_USE_ONLY, "2801227", DIGEST, COMMAND):
        assert expected.replace("'", "&#39;") in html
    assert html.count("data:image/svg+xml;base64,") == 3 * len(report.arms)


def test_html_loads_nothing(report: Report, figures: dict[str, bytes]) -> None:
    html = to_html(report, figures)
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "<script" not in html
    assert "url(" not in html


def test_names_from_outside_are_escaped(figures: dict[str, bytes]) -> None:
    settings = handmade_settings(runs=2)
    data = settings.data[0].model_copy(update={"name": "<script>alert(1)</script>"})
    report = report_of(settings.model_copy(update={"data": (data,)}))
    assert "<script>" not in to_html(report, figures)


def test_markdown_tables_are_whole(report: Report, figures: dict[str, bytes]) -> None:
    lines = to_markdown(report, figures).splitlines()
    for before, line in pairwise(lines):
        if line.startswith("|---"):
            assert before.startswith("| "), before
            assert before.strip().count("|") == line.strip().count("|"), before
        elif line.startswith("|") and before.startswith("|"):
            assert before.strip().count("|") == line.strip().count("|"), line
    assert f"**{RESEARCH_USE_ONLY}**" in lines
    assert "![ROC curves](figures/first-se-paper-roc.svg)" in lines


def test_the_report_is_read_back_from_its_json(report: Report) -> None:
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_folds_are_called_folds() -> None:
    report = report_of(handmade_settings(Experiment.FOLDS, runs=2))
    html = to_html(report, draw_figures(report, handmade_records(handmade_settings(Experiment.FOLDS, runs=2))))
    assert "fold 2" in html
    assert "paper, Table" not in html
    assert report.differences == ()
    assert "<li>The epoch is the one of the least loss on a validation part" in html
    assert "in how the folds differ" in html


def test_a_verdict_says_what_the_interval_says(settings: ExperimentSettings) -> None:
    comparison = settings.plan.tables[1].comparisons[0]

    def said(difference: Estimate | None) -> str:
        return verdict(comparison, difference, (0.04, None))

    assert "is clearly better" in said(Estimate(value=0.03, low=0.01, high=0.05))
    assert "is clearly worse" in said(Estimate(value=-0.03, low=-0.05, high=-0.01))
    assert "no clear difference" in said(Estimate(value=0.03, low=-0.01, high=0.05))
    assert "no clear difference" in said(Estimate(value=0.03))
    assert "not defined" in said(None)
    assert "one by one +4.0, -)" in said(None)


def test_one_line_an_arm(report: Report) -> None:
    assert re.match(r"SE-CNN, ALL_IDB2, recipe paper: accuracy \d+\.\d % \[.*over colours$", arm_line(report.arms[0]))


def test_figures_are_named_by_their_arm(report: Report, figures: dict[str, bytes]) -> None:
    stems = {Path(name).stem for name in figures}
    for found in report.arms:
        assert {f"{found.arm.key}-{kind}" for kind in ("confusion", "curves", "roc")} <= stems
