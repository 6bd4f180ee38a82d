import numpy as np
import pytest

from cloud_service.ml.metrics import measure, roc_auc


def test_figures_worked_out_by_hand() -> None:
    logits = np.array([2.0, -1.0, 1.0, -3.0], dtype=np.float32)
    labels = np.array([1.0, 1.0, 0.0, 0.0], dtype=np.float32)
    found = measure("all", logits, labels)
    assert (found.images, found.images_with_all) == (4, 2)
    assert (found.accuracy, found.sensitivity, found.specificity) == (0.5, 0.5, 0.5)
    assert found.roc_auc == 0.75  # 2 is above both, -1 above one of two
    by_hand = (np.log1p(np.exp(-2)) + np.log1p(np.exp(1)) + np.log1p(np.exp(1)) + np.log1p(np.exp(-3))) / 4
    assert found.loss == pytest.approx(by_hand)


def test_a_higher_threshold_calls_fewer_suspicious() -> None:
    logits, labels = np.array([0.5, 3.0], dtype=np.float32), np.array([0.0, 1.0], dtype=np.float32)
    assert measure("all", logits, labels, threshold=0.5).specificity == 0.0
    assert measure("all", logits, labels, threshold=0.9).specificity == 1.0


def test_one_label_only_has_no_curve() -> None:
    found = measure("field", np.array([1.0, -1.0], dtype=np.float32), np.ones(2, dtype=np.float32))
    assert (found.sensitivity, found.specificity, found.roc_auc) == (0.5, None, None)


def test_ties_count_half() -> None:
    same = np.zeros(3, dtype=np.float32)
    assert roc_auc(same, same) == 0.5


def test_huge_logits_do_not_overflow() -> None:
    found = measure("all", np.array([1e4, -1e4], dtype=np.float32), np.array([1.0, 0.0], dtype=np.float32))
    assert found.loss == 0.0
