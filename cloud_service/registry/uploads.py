"""Packages that people send: unpacked, checked and kept."""

import tempfile
from pathlib import Path

from cloud_service.blob_store import BlobStore
from cloud_service.ml.package import ModelPackageError
from cloud_service.registry.packages import unpack
from cloud_service.registry.versions import KeptPackage, keep_package
from shared.errors import TransientError


def keep_archive(blobs: BlobStore, archive: Path) -> KeptPackage:
    """Keep the package that is in a ZIP file, so that it can be registered.

    Args:
        blobs: keeps the package.
        archive: the file that was sent.

    Raises:
        ModelPackageError: it holds no package, or one whose files are not those that its card names.
        TransientError: the disk is full, or the blob store is away.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="smearflow-package-") as folder:
            directory = Path(folder) / "package"
            try:
                package = unpack(archive, directory)
            except ModelPackageError as error:
                # Who sent it has never heard of this folder.
                raise ModelPackageError(
                    str(error).replace(f"{directory}/", "").replace(str(directory), "it")
                ) from error
            return keep_package(blobs, package.directory)
    except OSError as error:
        raise TransientError(
            f"The package cannot be unpacked: {error.strerror}. Free some space, send it again."
        ) from error
