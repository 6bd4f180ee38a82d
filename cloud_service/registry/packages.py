"""Model packages on their way between the blob store, where they are kept, and the folders that runtimes load.

A package is kept as one archive under its own SHA-256: an uncompressed ZIP, the same bytes for the same package
wherever it is made. Nothing is trusted on the way back: not the archive, not the names in it, not the files.
"""

import io
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from cloud_service.blob_store import BlobStore
from cloud_service.ml.package import CARD_NAME, ModelPackage, ModelPackageError, PackageFile, load_package
from cloud_service.models import ModelVersion
from cloud_service.zip_faults import ZIP_FAULTS
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes

_NAMES = frozenset({CARD_NAME, *PackageFile})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a ZIP can tell
_MODE = 0o644 << 16
MAX_PACKAGE_BYTES = 1 << 30
UNUSED_FOR: Final = timedelta(days=1)
"""So long after it was last fetched a package may be removed from the folder that workers load from."""


def archive_of(package: ModelPackage) -> bytes:
    """A package's files as one archive; the same package gives the same bytes.

    Raises:
        ModelPackageError: a file is not, or no longer, the one that the card names.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(package.card.files):
            _add(archive, name, package.read(name))
        card = (package.directory / CARD_NAME).read_bytes()
        if sha256_of_bytes(card) != package.digest:
            raise ModelPackageError(f"{package.directory / CARD_NAME} has changed while it was read; try again.")
        _add(archive, CARD_NAME, card)
    return buffer.getvalue()


def fetch_package(blobs: BlobStore, version: ModelVersion, cache_dir: Path) -> ModelPackage:
    """The verified package of a version: from its folder below `cache_dir`, or put there from the blob store.

    Several processes may share the folder: a package appears in it whole. A copy that has been altered is replaced.

    Args:
        blobs: where the archive is kept.
        version: which model.
        cache_dir: made where it is missing.

    Raises:
        ModelPackageError: the version's package is not kept here, or what is kept is not the package that was
            registered.
        TransientError: the blob store is away, or the folder cannot be written.
    """
    target = cache_dir / version.digest
    held = _held(target, version.digest)
    if held is not None:
        with suppress(OSError):
            os.utime(target)  # for `prune_cache`
        return held
    archive = _archive(blobs, version)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache_dir) as draft:
            unpacked = unpack(archive, Path(draft) / "package")
            if unpacked.digest != version.digest:
                raise ModelPackageError(
                    f"What is kept as the package of model {version.digest[:12]} is that of {unpacked.digest[:12]}. It "
                    "is not used; register the package again from where it came from."
                )
            _put_in_place(unpacked.directory, target)
    except OSError as error:
        raise TransientError(
            f"The package of model {version.digest[:12]} cannot be written below {cache_dir}: {error.strerror}. Free "
            "or mend the disk, or name another folder as SMEARFLOW_MODEL_CACHE_DIR; it is tried again."
        ) from error
    return load_package(target)


def prune_cache(cache_dir: Path, needed: Collection[str]) -> list[str]:
    """Remove what lies below `cache_dir` and is needed no more: packages, and what a killed process began with.

    What was fetched within `UNUSED_FOR` stays, for another worker may just be loading it.

    Args:
        cache_dir: of the workers of this machine; it may be missing.
        needed: digests of the models in service or in the shadow anywhere.

    Returns:
        Names of the folders that are gone; what cannot be removed now is at the next call.
    """
    gone, oldest = [], time.time() - UNUSED_FOR.total_seconds()
    for folder in cache_dir.glob("*"):
        with suppress(OSError):  # another worker was faster
            if folder.name not in needed and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)
                gone.append(folder.name)
    return gone


def check_kept(blobs: BlobStore, version: ModelVersion) -> None:
    """See that a version's package is kept, and is the one that was registered.

    Raises:
        ModelPackageError: it is not; the text says what to do.
        TransientError: the blob store is away.
    """
    _archive(blobs, version)


def unpack(archive: bytes | Path, directory: Path) -> ModelPackage:
    """Write an archive's files to the new folder `directory`, and load the package.

    The files may lie in one folder inside the archive, as people pack them; compressed ones are read too.

    Args:
        archive: a ZIP file of whatever origin, or where it lies.
        directory: must not exist; its parent must.

    Raises:
        ModelPackageError: it is no ZIP file, holds anything but the files of a package, more than
            MAX_PACKAGE_BYTES, or they are not what the card says.
        OSError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive) if isinstance(archive, bytes) else archive) as opened:
            members = _members(opened)
            directory.mkdir()
            for name, member in members.items():
                (directory / name).write_bytes(_content(opened, member))
    except (*ZIP_FAULTS, RuntimeError) as error:  # encrypted, is the latter
        raise ModelPackageError(
            f"The archive is no ZIP file that can be read: {error}. Pack the folder again."
        ) from error
    return load_package(directory)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.external_attr = _MODE
    member.create_system = 3  # Unix, wherever it is made
    archive.writestr(member, content)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except OSError as error:  # see ZIP_FAULTS
        raise zipfile.BadZipFile(str(error)) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of a package by their names, none of which is a path."""
    # `is_dir` fails where there is no name.
    files = [member for member in archive.infolist() if not member.filename.endswith("/")]
    folders = {member.filename.rpartition("/")[0] for member in files}
    names = {member.filename.rpartition("/")[2]: member for member in files}
    if len(folders) > 1 or len(names) != len(files) or not names.keys() <= _NAMES:
        told = ", ".join(sorted(member.filename for member in files)[:5]) or "nothing"
        raise ModelPackageError(
            f"The archive must hold the files of one model package ({', '.join(sorted(_NAMES))}) and nothing else, but "
            f"it holds {told}. Pack the package's folder alone."
        )
    size = sum(member.file_size for member in files)
    if size > MAX_PACKAGE_BYTES:
        raise ModelPackageError(f"The archive holds {size:,} bytes; a package has {MAX_PACKAGE_BYTES:,} at most.")
    return names


def _archive(blobs: BlobStore, version: ModelVersion) -> bytes:
    short = version.digest[:12]
    if version.package_sha256 is None:
        raise ModelPackageError(
            f"The package of model {short} is not kept here: it answered before packages were. Register it with "
            "`smearflow model register` from where it came from."
        )
    try:
        archive = blobs.get(version.package_sha256)
    except FileNotFoundError as error:
        raise ModelPackageError(
            f"The package of model {short} is missing from the blob store (SHA-256 {version.package_sha256}). Restore "
            "it, or register the package again from where it came from."
        ) from error
    found = sha256_of_bytes(archive)
    if found != version.package_sha256:
        raise ModelPackageError(
            f"The package of model {short} in the blob store has changed: its SHA-256 is {found}, but "
            f"{version.package_sha256} was registered. It is not used; register it again from where it came from."
        )
    return archive


def _held(directory: Path, digest: str) -> ModelPackage | None:
    """The package in a folder of the cache; None where there is none, or none that is whole."""
    if not directory.is_dir():
        return None
    try:
        package = load_package(directory)
    except ModelPackageError:
        return None
    return package if package.digest == digest else None


def _put_in_place(draft: Path, target: Path) -> None:
    """Rename a folder to its place; what an altered copy left there goes, and another process's whole one stays."""
    if target.exists() and _held(target, target.name) is None:
        aside = Path(tempfile.mkdtemp(prefix=".altered-", dir=target.parent))
        os.replace(target, aside / target.name)  # noqa: PTH105 - a folder, in one step
        shutil.rmtree(aside, ignore_errors=True)
    try:
        os.replace(draft, target)  # noqa: PTH105 - likewise
    except OSError:
        if _held(target, target.name) is None:
            raise
