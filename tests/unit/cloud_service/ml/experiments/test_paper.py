import pytest

from cloud_service.ml.experiments.paper import FIGURES, SIZES, PaperData, PaperModel, figures_of


def model(data: PaperData, *, squeeze_excitation: bool = True, augmented: bool = True) -> PaperModel:
    return PaperModel(data=data, squeeze_excitation=squeeze_excitation, augmented=augmented)


def test_the_printed_means_are_those_of_the_printed_runs() -> None:
    both = [found for found in FIGURES if found.accuracies and found.accuracy is not None]
    assert len(both) == 2
    for found in both:
        assert found.accuracy == pytest.approx(sum(found.accuracies) / 3, abs=0.05)


def test_runs_without_a_printed_mean_are_averaged() -> None:
    found = figures_of(model(PaperData.IDB2))
    assert found is not None
    assert found.mean_accuracy == pytest.approx(97.9933, abs=1e-4)


def test_no_figure_is_made_up() -> None:
    assert figures_of(model(PaperData.IDB1, squeeze_excitation=False)) is None
    unaugmented = figures_of(model(PaperData.BOTH, augmented=False))
    assert unaugmented is not None
    assert (unaugmented.accuracies, unaugmented.mean_accuracy, unaugmented.loss) == ((), 94.0, 0.15)


def test_the_test_parts_add_up() -> None:
    separate = SIZES[PaperData.IDB1].test.total + SIZES[PaperData.IDB2].test.total
    assert separate == SIZES[PaperData.BOTH].test.total == 74
