"""What each experiment trains, and what it compares with what."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.experiments.paper import PaperData, PaperFigures, PaperModel, figures_of


class Experiment(StrEnum):
    """The experiments by name."""

    TABLE2 = "table2"  # the SE-CNN on each data set, run by run
    TABLE5 = "table5"  # SE-CNN against traditional CNN on all data, mean measures
    TABLE6 = "table6"  # the same without augmentation
    ALL = "all"  # the three tables in one report; what they share is trained once
    FOLDS = "folds"  # a cross-validation of both networks by each recipe


class DataName(BaseModel):
    """A data set, or all of them together, as an experiment names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str  # of files: first, second or both
    title: str
    paper: PaperData | None  # which of the paper's data it takes the place of


class Arm(BaseModel):
    """One of the models of an experiment, trained once for each run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataName
    squeeze_excitation: bool
    augmented: bool
    recipe: str  # its name

    @property
    def key(self) -> str:
        """Names the arm's files."""
        network = "se" if self.squeeze_excitation else "plain"
        return "-".join((self.data.key, network, self.recipe, *(() if self.augmented else ("unaugmented",))))

    @property
    def network(self) -> str:
        """What a reader calls the network."""
        return "SE-CNN" if self.squeeze_excitation else "traditional CNN"

    @property
    def title(self) -> str:
        """What a reader calls the arm."""
        augmentation = "" if self.augmented else ", without augmentation"
        network = "SE-CNN" if self.squeeze_excitation else "Traditional CNN"
        return f"{network}, {self.data.title}, recipe {self.recipe}{augmentation}"


class Row(BaseModel):
    """One model of a table: ours and, where the paper has one, its."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: Arm
    paper: PaperFigures | None
    caution: str = ""  # why the two cannot be compared as they stand


class Comparison(BaseModel):
    """Two arms whose runs share their splits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    first: Arm
    second: Arm


class Table(BaseModel):
    """A table of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Experiment
    title: str
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]


class Plan(BaseModel):
    """An experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: Experiment
    runs: int  # with different shuffles, or the folds of a cross-validation
    tables: tuple[Table, ...]

    @property
    def is_cross_validation(self) -> bool:
        """Whether runs are folds."""
        return self.experiment is Experiment.FOLDS

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm once, in the order of the tables."""
        return tuple(dict.fromkeys(row.arm for table in self.tables for row in table.rows))


def data_names(named: Sequence[tuple[str, Layout]]) -> tuple[DataName, ...]:
    """Names for one data set or two, and after two a name for both together.

    Args:
        named: folder's name and layout of each.
    """
    paper = {Layout.ALL_IDB1: PaperData.IDB1, Layout.ALL_IDB2: PaperData.IDB2}
    singles = tuple(
        DataName(key=key, title=name, paper=paper.get(layout))
        for key, (name, layout) in zip(("first", "second"), named, strict=False)
    )
    if len(singles) == 1:
        return singles
    is_paper = {single.paper for single in singles} == {PaperData.IDB1, PaperData.IDB2}
    both = DataName(key="both", title="both data sets", paper=PaperData.BOTH if is_paper else None)
    return (*singles, both)


def plan_of(experiment: Experiment, data: Sequence[DataName], recipes: Sequence[str], runs: int) -> Plan:
    """What an experiment trains and compares.

    Args:
        experiment: which one.
        data: of `data_names`; the last is what Tables 5 and 6 and the folds are about.
        recipes: names; the tables use the first alone.
        runs: how many shuffles, or folds.
    """
    match experiment:
        case Experiment.FOLDS:
            tables = [_folds(data[-1], recipes, runs)]
        case Experiment.ALL:
            tables = [make(data, recipes[0]) for make in _TABLE_MAKERS.values()]
        case _:
            tables = [_TABLE_MAKERS[experiment](data, recipes[0])]
    return Plan(experiment=experiment, runs=runs, tables=tuple(tables))


def _table2(data: Sequence[DataName], recipe: str) -> Table:
    rows = tuple(_row(_arm(name, recipe), name.paper) for name in data if name.key != "both")
    return Table(key=Experiment.TABLE2, title="The SE-CNN on each data set, run by run", rows=rows, comparisons=())


def _table5(data: Sequence[DataName], recipe: str) -> Table:
    arms = [_arm(data[-1], recipe, squeeze_excitation=squeeze) for squeeze in (True, False)]
    return Table(
        key=Experiment.TABLE5,
        title="The SE-CNN against the traditional CNN, mean measures",
        rows=tuple(_row(arm, PaperData.BOTH) for arm in arms),
        comparisons=(_against(*arms),),
    )


def _table6(data: Sequence[DataName], recipe: str) -> Table:
    arms = [_arm(data[-1], recipe, squeeze_excitation=squeeze, augmented=False) for squeeze in (True, False)]
    return Table(
        key=Experiment.TABLE6,
        title="Both networks without augmentation",
        rows=tuple(_row(arm, PaperData.BOTH) for arm in arms),
        comparisons=(_against(*arms),),
    )


_TABLE_MAKERS: Final = {Experiment.TABLE2: _table2, Experiment.TABLE5: _table5, Experiment.TABLE6: _table6}


def _folds(data: DataName, recipes: Sequence[str], count: int) -> Table:
    pairs = [[_arm(data, recipe, squeeze_excitation=squeeze) for squeeze in (True, False)] for recipe in recipes]
    comparisons = [_against(*pair) for pair in pairs]
    if len(pairs) > 1:
        comparisons += [
            Comparison(
                title=f"recipe {later.recipe} less recipe {first.recipe}, {first.network}", first=later, second=first
            )
            for later_pair in pairs[1:]
            for later, first in zip(later_pair, pairs[0], strict=True)
        ]
    return Table(
        key=Experiment.FOLDS,
        title=f"A cross-validation in {count} folds that keep groups together",
        rows=tuple(Row(arm=arm, paper=None) for pair in pairs for arm in pair),
        comparisons=tuple(comparisons),
    )


def _arm(data: DataName, recipe: str, *, squeeze_excitation: bool = True, augmented: bool = True) -> Arm:
    return Arm(data=data, squeeze_excitation=squeeze_excitation, augmented=augmented, recipe=recipe)


def _against(first: Arm, second: Arm) -> Comparison:
    where = "" if first.augmented else " without augmentation"
    title = f"{first.network} less {second.network}, recipe {first.recipe}{where}"
    return Comparison(title=title, first=first, second=second)


def _row(arm: Arm, wanted: PaperData | None) -> Row:
    if wanted is None:
        return Row(arm=arm, paper=None, caution="The paper has no figures of this data set.")
    model = PaperModel(data=wanted, squeeze_excitation=arm.squeeze_excitation, augmented=arm.augmented)
    caution = "" if wanted is arm.data.paper else f"The paper's figure is of {wanted}, ours of {arm.data.title}."
    return Row(arm=arm, paper=figures_of(model), caution=caution)
