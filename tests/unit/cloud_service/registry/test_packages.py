"""Packages between the blob store and the folders that runtimes load: nothing is trusted on the way back."""

import errno
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cloud_service.audit.trail import Actor
from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from cloud_service.ml.model_card import PackageFile
from cloud_service.ml.package import ModelPackage, ModelPackageError, load_package, write_package
from cloud_service.ml.runtimes.contract import BrokenModelError
from cloud_service.models import Base, ModelVersion
from cloud_service.registry.packages import archive_of, fetch_package, prune_cache, unpack
from cloud_service.registry.served import loading
from cloud_service.registry.versions import keep_package, register_package, version_by_digest
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"
LANG = Actor("a.lang")


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = make_engine(sqlite_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "blobs")


@pytest.fixture
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture
def version(engine: Engine, blobs: LocalBlobStore, package: ModelPackage) -> ModelVersion:
    with transaction(engine) as session:
        return register_package(session, keep_package(blobs, package.directory), by=LANG)


def kept(blobs_root: Path, version: ModelVersion) -> Path:
    return next(blobs_root.rglob(str(version.package_sha256)))


def test_a_package_comes_back_as_it_was_and_its_archive_is_always_the_same(
    blobs: LocalBlobStore, package: ModelPackage, version: ModelVersion, tmp_path: Path
) -> None:
    fetched = fetch_package(blobs, version, tmp_path / "cache")

    assert fetched.digest == package.digest
    assert fetched.directory == tmp_path / "cache" / package.digest
    assert archive_of(fetched) == archive_of(package)
    assert sha256_of_bytes(archive_of(package)) == version.package_sha256


def test_what_is_in_the_cache_is_used_without_the_blob_store_and_what_was_altered_there_is_replaced(
    blobs: LocalBlobStore, version: ModelVersion, tmp_path: Path
) -> None:
    cached = fetch_package(blobs, version, tmp_path / "cache")
    archive = kept(tmp_path / "blobs", version)
    content = archive.read_bytes()
    archive.unlink()
    assert fetch_package(blobs, version, tmp_path / "cache").digest == version.digest

    weights = cached.directory / PackageFile.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelPackageError, match="missing from the blob store"):
        fetch_package(blobs, version, tmp_path / "cache")
    archive.write_bytes(content)
    assert fetch_package(blobs, version, tmp_path / "cache").read(PackageFile.WEIGHTS)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [version.digest]


def test_an_archive_that_changed_in_the_blob_store_is_refused_and_registering_again_mends_it(
    engine: Engine, blobs: LocalBlobStore, package: ModelPackage, version: ModelVersion, tmp_path: Path
) -> None:
    archive = kept(tmp_path / "blobs", version)
    archive.write_bytes(archive.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelPackageError, match="has changed: its SHA-256 is"):
        fetch_package(blobs, version, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()

    with transaction(engine) as session:
        register_package(session, keep_package(blobs, package.directory), by=LANG)
    assert fetch_package(blobs, version, tmp_path / "cache").digest == version.digest


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packed_file_that_is_damaged_is_no_want_of_space(method: int, package: ModelPackage, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("weights.safetensors", package.read(PackageFile.WEIGHTS))
    content = bytearray(buffer.getvalue())
    content[80:1080] = b"\xff" * 1000
    with pytest.raises(ModelPackageError, match="no ZIP file that can be read"):
        unpack(bytes(content), tmp_path / "package")


def test_the_package_of_another_model_is_not_taken_for_it(
    blobs: LocalBlobStore, package: ModelPackage, version: ModelVersion, tmp_path: Path
) -> None:
    other = write_package(
        tmp_path / "other",
        package.card.model_copy(update={"version": "other"}),
        {name: package.read(name) for name in package.card.files},
    )
    archive = archive_of(other)
    blobs.put(sha256_of_bytes(archive), archive)
    version.package_sha256 = sha256_of_bytes(archive)

    with pytest.raises(ModelPackageError, match=f"is that of {other.digest[:12]}"):
        fetch_package(blobs, version, tmp_path / "cache")


def test_a_full_disk_may_pass_and_leaves_nothing_behind(
    blobs: LocalBlobStore, version: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: object, _target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(TransientError, match="No space left on device"):
            fetch_package(blobs, version, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert fetch_package(blobs, version, tmp_path / "cache").digest == version.digest


def test_a_graph_that_takes_other_images_than_its_card_says_is_not_served(
    engine: Engine, blobs: LocalBlobStore, package: ModelPackage, tmp_path: Path
) -> None:
    spec = package.card.preprocess.model_copy(update={"size": 320})
    wrong = write_package(
        tmp_path / "wrong",
        package.card.model_copy(update={"preprocess": spec}),
        {name: package.read(name) for name in package.card.files},
    )
    with transaction(engine) as session:
        version = register_package(session, keep_package(blobs, wrong.directory), by=LANG)
    load = loading(blobs, Settings(model_cache_dir=tmp_path / "cache"))

    with pytest.raises(BrokenModelError, match="320 x 320"):
        load(version)


def test_a_version_is_found_by_what_its_digest_begins_with(engine: Engine, version: ModelVersion) -> None:
    with transaction(engine) as session:
        assert version_by_digest(session, version.digest[:8]).digest == version.digest


def test_the_cache_loses_what_is_needed_no_more_and_nothing_that_was_fetched_lately(
    blobs: LocalBlobStore, version: ModelVersion, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    for name in ("needed", "lately", "former", ".incoming-of-a-killed-process"):
        (cache / name).mkdir(parents=True)
        (cache / name / "card.json").touch()
    fetch_package(blobs, version, cache)
    for folder in cache.iterdir():
        if folder.name != "lately":
            os.utime(folder, (0, 0))
    fetch_package(blobs, version, cache)  # it is loaded at this moment

    assert set(prune_cache(cache, {"needed"})) == {"former", ".incoming-of-a-killed-process"}

    assert {folder.name for folder in cache.iterdir()} == {"needed", "lately", version.digest}
    assert prune_cache(tmp_path / "missing", set()) == []
