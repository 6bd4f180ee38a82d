"""A folder of this machine as an archive, so that a data set comes in by one way alone."""

import tarfile
from pathlib import Path

from cloud_service.datasets.archives import Limits
from cloud_service.ml.datasets.samples import DatasetError
from shared.errors import TransientError


def pack(folder: Path, archive: Path, limits: Limits) -> int:
    """Write a folder's files into a tar file: the same bytes for the same files, whoever owns them, whatever their age.

    Hidden files and folders are passed over. A link counts as the file that it leads to; those to folders do not.

    Args:
        folder: what to pack.
        archive: gets the tar file.
        limits: how much may be packed.

    Returns:
        How many files were packed.

    Raises:
        DatasetError: the folder is none, holds no file or more than is taken, or one cannot be read or shrinks.
        TransientError: the disk is full.
    """
    if not folder.is_dir():
        raise DatasetError(f"The data set {folder} is not a folder.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    size = sum(path.stat().st_size for path in files)
    if not files:
        raise DatasetError(f"The folder {folder} holds no files.")
    if len(files) > limits.entries or size > limits.total_bytes:
        raise DatasetError(
            f"The folder {folder} holds {len(files):,} files of {size:,} bytes together; at most {limits.entries:,} "
            f"files of {limits.total_bytes:,} bytes are taken. Divide it, or raise SMEARFLOW_DATASET_MAX_ENTRIES and "
            "SMEARFLOW_DATASET_MAX_BYTES."
        )
    try:
        with tarfile.open(archive, "w", dereference=True, format=tarfile.PAX_FORMAT) as packed:
            for path in files:
                _add(packed, path, path.relative_to(folder).as_posix())
    except OSError as error:
        raise TransientError(f"{folder} cannot be packed: {error.strerror}. Free some space.") from error
    return len(files)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _add(packed: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        opened = path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}. Change its rights, or leave it out.") from error
    with opened as content:
        plain = tarfile.TarInfo(name)
        plain.size = path.stat().st_size
        try:
            packed.addfile(plain, content)
        except OSError as error:
            if error.errno is not None:  # the system's, of the disk; what tarfile raises for a short read has no number
                raise
            raise DatasetError(
                f"{path} became smaller while it was packed. Import the folder again once nothing writes into it."
            ) from error
