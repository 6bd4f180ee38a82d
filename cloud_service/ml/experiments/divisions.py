"""How each run of an experiment divides its data sets; written as files, and replayed where they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud_service.ml.datasets.duplicates import require_no_leaks
from cloud_service.ml.datasets.fingerprints import fingerprints_of
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.datasets.split_file import replay_split, save_split, split_digest
from cloud_service.ml.datasets.split_settings import SplitSettings
from cloud_service.ml.experiments.folder import ExperimentFolder, ExperimentSettings
from cloud_service.ml.experiments.material import ExperimentError, Material, chosen_by, joined, splits_of
from cloud_service.ml.experiments.plan import DataName
from cloud_service.ml.experiments.record import UsedSplit


@dataclass(frozen=True, slots=True)
class Division:
    """One run's division of what a DataName stands for."""

    split: Split
    used: tuple[UsedSplit, ...]  # one a data set
    leaks: tuple[str, ...]  # between its parts, in plain words; allowed


Divisions = Mapping[tuple[str, int], Division]
"""By key of the data and number of the run."""


def divide_for_runs(settings: ExperimentSettings, materials: Sequence[Material], folder: ExperimentFolder) -> Divisions:
    """The divisions of all runs.

    All arms of a run share its divisions, so that they can be compared by image. The first seed is that of the first
    recipe, the shares are those of all. Nothing is written before all runs are known to be possible; then the settings
    and the splits are.

    Raises:
        DatasetError: there are too few groups, parts share images and that is not allowed, or a split file was altered.
        ExperimentError: a split file cannot be written.
    """
    splits = {material.key: _splits(settings, material, folder) for material in materials}
    prints = fingerprints_of([sample for material in materials for sample in material.samples])
    divisions: dict[tuple[str, int], Division] = {}
    for name in dict.fromkeys(arm.data for arm in settings.plan.arms):
        for run in range(1, settings.plan.runs + 1):
            chosen = chosen_by(name, materials)
            split = joined([(material.key, splits[material.key][run - 1]) for material in chosen])
            divisions[name.key, run] = Division(
                split=split,
                used=tuple(_used(material, splits[material.key][run - 1], run, folder) for material in chosen),
                leaks=require_no_leaks(split, allowed=settings.leaks_allowed, fingerprints=prints),
            )
    folder.begin(settings)
    _save(settings, materials, splits, folder)
    return divisions


def name_below(name: DataName, materials: Sequence[Material], path: Path) -> str:
    """`path` of an image as a record names it: the key of its data set and its name below that set's folder."""
    for material in chosen_by(name, materials):
        if path.is_relative_to(material.root):
            return f"{material.key}/{path.relative_to(material.root).as_posix()}"
    raise ExperimentError(f"{path} belongs to none of the data sets.")


def _splits(settings: ExperimentSettings, material: Material, folder: ExperimentFolder) -> list[Split]:
    """A split for each run, from its file where there is one."""
    plan = settings.plan
    cross_validation = plan.is_cross_validation
    made = splits_of(material, runs=plan.runs, settings=_wanted(settings), cross_validation=cross_validation)
    files = [folder.split_file(run, material.key) for run in range(1, plan.runs + 1)]
    return [
        replay_split(file, material.samples, root=material.root) if file.exists() else split
        for file, split in zip(files, made, strict=True)
    ]


def _save(
    settings: ExperimentSettings,
    materials: Sequence[Material],
    splits: Mapping[str, Sequence[Split]],
    folder: ExperimentFolder,
) -> None:
    wanted = _wanted(settings)
    for material in materials:
        for run, split in enumerate(splits[material.key], start=1):
            file = folder.split_file(run, material.key)
            if file.exists():
                continue
            seed = wanted.seed if settings.plan.is_cross_validation else wanted.seed + run - 1
            folder.make_folder(file.parent)
            save_split(split, root=material.root, settings=wanted.model_copy(update={"seed": seed}), file=file)


def _wanted(settings: ExperimentSettings) -> SplitSettings:
    return next(iter(settings.recipes.values())).training.split_settings


def _used(material: Material, split: Split, run: int, folder: ExperimentFolder) -> UsedSplit:
    return UsedSplit(
        data=material.key,
        file=folder.split_file(run, material.key).relative_to(folder.root).as_posix(),
        split_digest=split_digest(split, material.root),
        data_digest=material.record.digest,
    )
