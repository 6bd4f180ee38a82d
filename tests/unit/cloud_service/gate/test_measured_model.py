"""A model as it is measured: what serves it, and how fast."""

from pathlib import Path

import numpy as np
import pytest

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.gate.measured_model import MeasuredModel, speed_of
from cloud_service.gate.work_order import OrderedModel
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.package import ModelPackage, ModelPackageError, PackageFile, write_package
from cloud_service.ml.runtimes.contract import BrokenModelError, Pixels
from cloud_service.registry.packages import archive_of
from shared.identifiers import sha256_of_bytes
from tests.support.gate import variant
from tests.support.model_packages import card_for, random_pixels


def loaded(package: ModelPackage, folder: Path, *, runtime: str = "auto") -> MeasuredModel:
    blobs = open_blob_store(Settings(blob_url=str(folder / "blobs")))
    archive = archive_of(package)
    blobs.put(sha256_of_bytes(archive), archive)
    wanted = OrderedModel(digest=package.digest, package_sha256=sha256_of_bytes(archive))
    return MeasuredModel.load(wanted, blobs, folder / "cache", runtime=runtime, threads=1)


def answers(model: MeasuredModel, pixels: Pixels) -> Answers:
    count = len(pixels)
    return Answers(
        logits=np.array(model.logits(pixels)),
        labels=np.ones(count),
        groups=np.arange(count).astype(np.str_),
        features=np.zeros((count, 0)),
    )


@pytest.mark.parametrize("runtime", ["auto", "onnxruntime"])
def test_what_is_measured_is_what_serves(tmp_path: Path, runtime: str) -> None:
    model = loaded(variant(tmp_path / "variant", temperature=2.5), tmp_path, runtime=runtime)
    pixels = random_pixels(10)

    measured = answers(model, pixels).probabilities(2.5)

    served = np.concatenate([model.runtime.predict(some).probabilities for some in (pixels[:8], pixels[8:])])
    assert np.allclose(measured, served, atol=1e-6)
    assert [answer.probability for answer in model.say(pixels)] == pytest.approx(served.tolist(), abs=1e-6)
    assert model.runtime.name == ("onnxruntime-int8" if runtime == "auto" else "onnxruntime")


def test_both_models_are_timed_in_turn(tmp_path: Path) -> None:
    model = loaded(variant(tmp_path / "variant"), tmp_path)

    alone, together = speed_of(model, None, threads=1), speed_of(model, model, threads=1)

    assert (alone.champion_milliseconds, alone.ratio) == (None, None)
    assert alone.challenger_milliseconds > 0.0
    assert together.champion_milliseconds is not None
    assert together.ratio is not None
    assert together.ratio > 0.0


def test_a_file_that_onnx_runtime_cannot_load_is_told_of(tmp_path: Path) -> None:
    sound = variant(tmp_path / "variant")
    files = {PackageFile.ONNX: b"no graph", PackageFile.WEIGHTS: sound.read(PackageFile.WEIGHTS)}
    card = card_for({name: sha256_of_bytes(content) for name, content in files.items()})

    with pytest.raises(BrokenModelError, match="does not do what its card says"):
        loaded(write_package(tmp_path / "broken", card, files), tmp_path)


def test_a_package_that_is_not_kept_is_told_of(tmp_path: Path) -> None:
    blobs = open_blob_store(Settings(blob_url=str(tmp_path / "blobs")))

    wanted = OrderedModel(digest="a" * 64, package_sha256=None)

    with pytest.raises(ModelPackageError, match="is not kept here"):
        MeasuredModel.load(wanted, blobs, tmp_path / "cache", runtime="auto", threads=1)
