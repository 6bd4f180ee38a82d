"""The layouts of ALL-IDB (Labati, Piuri and Scotti, 2011), whose file names carry the label.

ALL-IDB1 has whole fields, `im/ImNNN_Y.jpg`, and for each a text file `xyc/ImNNN_Y.xyc` with the centre of a blast on
each line, empty where there is none. ALL-IDB2 has single cells cut from such fields, `img/ImNNN_Y.tif`. Y is 1 for ALL
and 0 for healthy. Neither says which patient an image is from, so each image is a group of its own.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cloud_service.ml.datasets.file_names import ALL_IDB_NAME, is_image
from cloud_service.ml.datasets.samples import DatasetError, Sample

_TIFF = (".tif", ".tiff")


def fields_folder(root: Path) -> Path | None:
    """The folder with ALL-IDB1's images: im in `root` or in `root`/ALL_IDB1, or `root` itself; None if neither."""
    for base in _bases(root, "all_idb1"):
        if (folder := _child(base, "im")) and _named_images(folder):
            return folder
    return root if any(path.suffix.lower() not in _TIFF for path in _named_images(root)) else None


def single_cells_folder(root: Path) -> Path | None:
    """The folder with ALL-IDB2's images: img in `root` or in `root`/ALL_IDB2, or `root` itself; None if neither."""
    for base in _bases(root, "all_idb2"):
        if (folder := _child(base, "img")) and _named_images(folder):
            return folder
    images = _named_images(root)
    return root if images and all(path.suffix.lower() in _TIFF for path in images) else None


def read_all_idb1(root: Path) -> list[Sample]:
    """The fields of ALL-IDB1 with their blasts' centres, sorted by path; their kind is "field".

    Raises:
        DatasetError: there are no images, one is not named ImNNN_Y, or a file of centres is unreadable, contradicts the
            image's label or belongs to no image.
    """
    folder = fields_folder(root)
    if folder is None:
        raise DatasetError(f"{root} holds no folder im with ALL-IDB1's images (im/Im001_1.jpg).")
    centres = _centres(folder)
    samples = [_sample(path, root, "field", centres.pop(path.stem.lower(), ())) for path in _all_images(folder)]
    if centres:
        raise DatasetError(
            f"There are centres for {', '.join(sorted(centres)[:3])}, and {folder} has no such image. Copy the "
            "data set again as a whole."
        )
    return samples


def read_all_idb2(root: Path) -> list[Sample]:
    """The single cells of ALL-IDB2, sorted by path; their kind is "crop".

    Raises:
        DatasetError: there are no images, or one is not named ImNNN_Y.
    """
    folder = single_cells_folder(root)
    if folder is None:
        raise DatasetError(f"{root} holds no folder img with ALL-IDB2's images (img/Im001_1.tif).")
    return [_sample(path, root, "crop", ()) for path in _all_images(folder)]


def _bases(root: Path, name: str) -> Iterable[Path]:
    """`root` and the folder in it that bears the data set's own name, as its archive unpacks."""
    yield root
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name.lower().replace("-", "_") == name:
            yield path


def _child(base: Path, name: str) -> Path | None:
    return next((path for path in sorted(base.iterdir()) if path.is_dir() and path.name.lower() == name), None)


def _named_images(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ALL_IDB_NAME.fullmatch(path.stem) and is_image(path)]


def _all_images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_image(path))


def _sample(path: Path, root: Path, kind: str, centres: Sequence[tuple[float, float]]) -> Sample:
    name = ALL_IDB_NAME.fullmatch(path.stem)
    if name is None:
        raise DatasetError(
            f"{path} is not named as ALL-IDB names its images (Im001_1 for ALL, Im001_0 for healthy), so its label is "
            "not known. Rename it, or take it out of the folder."
        )
    positive = name["label"] == "1"
    if centres and not positive:
        raise DatasetError(
            f"{path} is healthy by its name, and its .xyc file gives the centres of {len(centres)} blasts. Rename the "
            "image or empty that file."
        )
    group = path.relative_to(root).as_posix()
    return Sample(path, positive, group, kind, "ALL" if positive else "healthy", tuple(centres))


def _centres(images: Path) -> dict[str, tuple[tuple[float, float], ...]]:
    """The centres of the blasts by the stem of their image, in lower case; nothing where there is no folder xyc."""
    folder = _child(images.parent if images.name.lower() == "im" else images, "xyc")
    if folder is None:
        return {}
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".xyc")
    return {path.stem.lower(): _read_centres(path) for path in files}


def _read_centres(path: Path) -> tuple[tuple[float, float], ...]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return tuple((float(x), float(y)) for x, y in (line.split() for line in lines if line.strip()))
    except ValueError as error:
        raise DatasetError(f"{path} is no list of centres, a line of two numbers for each blast: {error}.") from error
