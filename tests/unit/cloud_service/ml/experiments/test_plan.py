from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.experiments.paper import PaperData
from cloud_service.ml.experiments.plan import Experiment, data_names, plan_of

IDB1, IDB2 = ("one", Layout.ALL_IDB1), ("two", Layout.ALL_IDB2)


def test_table2_trains_the_se_cnn_on_each_data_set() -> None:
    plan = plan_of(Experiment.TABLE2, data_names([IDB1, IDB2]), ["paper"], 3)
    (table,) = plan.tables
    assert [arm.key for arm in plan.arms] == ["first-se-paper", "second-se-paper"]
    assert [row.paper.accuracies for row in table.rows if row.paper] == [(100, 100, 100), (96, 98, 99.98)]
    assert [row.caution for row in table.rows] == ["", ""]


def test_tables_5_and_6_use_all_data_and_both_networks() -> None:
    names = data_names([IDB1, IDB2])
    (table5,) = plan_of(Experiment.TABLE5, names, ["paper"], 3).tables
    assert [row.arm.key for row in table5.rows] == ["both-se-paper", "both-plain-paper"]
    assert [row.paper.mean_accuracy for row in table5.rows if row.paper] == [98.3, 92.8]
    (table6,) = plan_of(Experiment.TABLE6, names, ["paper"], 3).tables
    assert [row.arm.augmented for row in table6.rows] == [False, False]
    assert [row.paper.mean_accuracy for row in table6.rows if row.paper] == [94.0, 88.6]
    assert (table6.comparisons[0].first, table6.comparisons[0].second) == (table6.rows[0].arm, table6.rows[1].arm)


def test_what_tables_share_is_trained_once() -> None:
    one = plan_of(Experiment.ALL, data_names([IDB2]), ["paper"], 3)
    assert [arm.key for arm in one.arms] == [
        "first-se-paper",
        "first-plain-paper",
        "first-se-paper-unaugmented",
        "first-plain-paper-unaugmented",
    ]
    assert len(plan_of(Experiment.ALL, data_names([IDB1, IDB2]), ["paper"], 3).arms) == 6


def test_a_row_says_where_the_paper_used_other_data() -> None:
    plan = plan_of(Experiment.ALL, data_names([IDB2]), ["paper"], 3)
    table2, table5, _ = plan.tables
    assert [row.caution for row in table2.rows] == [""]
    assert {row.caution for row in table5.rows} == {"The paper's figure is of ALL-IDB1 and ALL-IDB2, ours of two."}


def test_data_that_the_paper_does_not_have_get_no_figures_in_table2() -> None:
    (row,) = plan_of(Experiment.TABLE2, data_names([("fields", Layout.MANIFEST)]), ["paper"], 3).tables[0].rows
    assert row.paper is None
    assert "no figures of this data set" in row.caution


def test_only_the_papers_own_pair_stands_for_both() -> None:
    assert data_names([IDB1, IDB2])[-1].paper is PaperData.BOTH
    assert data_names([IDB2, ("fields", Layout.MANIFEST)])[-1].paper is None


def test_folds_cross_networks_and_recipes() -> None:
    plan = plan_of(Experiment.FOLDS, data_names([("fields", Layout.MANIFEST)]), ["paper", "modern"], 5)
    assert plan.is_cross_validation
    assert [arm.key for arm in plan.arms] == [
        "first-se-paper",
        "first-plain-paper",
        "first-se-modern",
        "first-plain-modern",
    ]
    assert [comparison.title for comparison in plan.tables[0].comparisons] == [
        "SE-CNN less traditional CNN, recipe paper",
        "SE-CNN less traditional CNN, recipe modern",
        "recipe modern less recipe paper, SE-CNN",
        "recipe modern less recipe paper, traditional CNN",
    ]
