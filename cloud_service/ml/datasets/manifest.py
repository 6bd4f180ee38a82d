"""The layout with a manifest.csv."""

from pathlib import Path

from cloud_service.ml.datasets.class_names import is_all
from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.tables import read_rows

_REQUIRED = ("path", "label")
_SHOWN = 100  # characters of a path that is none


def read_manifest(manifest: Path) -> list[Sample]:
    """The samples that a CSV file lists, in its order.

    Columns (RFC 4180, UTF-8, with a heading): `path`, below the manifest's folder; `label`, a known class name;
    `group`, optional, else each image is a group of its own; `kind`, optional, such as field or crop; `subtype`,
    optional, a finer class than the label. Other columns are passed over.

    Raises:
        DatasetError: a column or a file is missing, the manifest is no CSV in UTF-8, a label is not known, a path
            leaves the folder or comes twice.
    """
    root = manifest.parent
    if not manifest.is_file():
        raise DatasetError(f"{root} holds no {manifest.name}.")
    samples = [_sample(row, root, f"{manifest}, line {line}") for line, row in read_rows(manifest, _REQUIRED)]
    _refuse_doubles(samples, manifest)
    return samples


def _sample(row: dict[str, str], root: Path, where: str) -> Sample:
    columns = (*_REQUIRED, "group", "kind", "subtype")
    name, label, group, kind, subtype = (row.get(column, "") for column in columns)
    path = root / name
    try:
        is_below, is_there = path.resolve().is_relative_to(root.resolve()), path.is_file()
    except (OSError, ValueError) as error:  # too long, or with a NUL
        raise DatasetError(f"{where}: {name[:_SHOWN]!r} is no path that a file can have.") from error
    if not is_below:
        raise DatasetError(f"{where}: the path {name!r} leaves the data set's folder.")
    if not is_there:
        raise DatasetError(f"{where}: there is no file {name!r} in {root}.")
    return Sample(path, is_all(label, where), group or name, kind or "unnamed", subtype or label)


def _refuse_doubles(samples: list[Sample], manifest: Path) -> None:
    seen: set[Path] = set()
    for sample in samples:
        if sample.path in seen:
            raise DatasetError(f"{manifest} lists {sample.path.name!r} twice; remove one of the lines.")
        seen.add(sample.path)
