"""Every runtime keeps the same promises; the fake as well as the real ones."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import open_engine
from cloud_service.ml.model_card import QuantisedFigures
from cloud_service.ml.package import ModelPackage, ModelPackageError
from cloud_service.ml.runtimes.contract import (
    BrokenModelError,
    InvalidBatchError,
    Predictions,
    Runtime,
    probabilities_of,
)
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.ml.runtimes.loading import load_runtime
from tests.support.fake_gpu import fake_gpu
from tests.support.model_packages import random_pixels, write_random_package

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_random_package(tmp_path_factory.mktemp("packages") / "random", in_eight_bits=True)


ON_A_CPU = ("torch", "onnxruntime", "onnxruntime-int8", "openvino", "openvino-int8")


@pytest.fixture(scope="module", params=["fake", *ON_A_CPU, "tensorrt"])
def runtime(request: pytest.FixtureRequest, package: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    if request.param == "fake":
        return FakeRuntime()
    if request.param == "tensorrt":  # the adapter is the real one; the GPU and NVIDIA's libraries are not
        gpu, cache = fake_gpu(), EngineCache(tmp_path_factory.mktemp("engines"))
        record = make_engine(package, gpu, cache, Precision.FLOAT32, lambda: random_pixels(2))
        return open_engine(package, gpu, cache, record, threads=2)
    return load_runtime(package, request.param, threads=2)


def maps_of(found: Predictions) -> NDArray[np.float32]:
    assert found.attention is not None
    return found.attention


class TestRuntime:
    def test_one_probability_an_image(self, runtime: Runtime) -> None:
        probabilities = runtime.predict(random_pixels(3)).probabilities
        assert probabilities.shape == (3,)
        assert probabilities.dtype == np.float32
        assert np.all((probabilities >= 0) & (probabilities <= 1))
        assert len(set(probabilities.tolist())) == 3

    def test_the_same_batch_gets_the_same_answer(self, runtime: Runtime) -> None:
        batch = random_pixels(2)
        first, again = runtime.predict(batch), runtime.predict(batch)
        np.testing.assert_array_equal(first.probabilities, again.probabilities)
        np.testing.assert_array_equal(maps_of(first), maps_of(again))

    def test_an_image_gets_the_same_answer_in_any_company(self, runtime: Runtime) -> None:
        batch = random_pixels(runtime.batch_limit)
        alone = [runtime.predict(batch[i : i + 1]) for i in range(len(batch))]
        for together, singly in ((runtime.predict(batch), alone), (runtime.predict(batch[::-1]), alone[::-1])):
            np.testing.assert_allclose(together.probabilities, [one.probabilities[0] for one in singly], atol=1e-5)
            np.testing.assert_allclose(maps_of(together), [maps_of(one)[0] for one in singly], rtol=1e-4, atol=1e-4)

    def test_a_square_map_an_image(self, runtime: Runtime) -> None:
        maps = maps_of(runtime.predict(random_pixels(3)))
        assert maps.shape == (3, maps.shape[1], maps.shape[1])
        assert maps.dtype == np.float32
        assert all(np.ptp(one) > 0 for one in maps)

    def test_takes_a_read_only_batch_and_leaves_it_as_it_is(self, runtime: Runtime) -> None:
        batch = random_pixels(2)
        batch.setflags(write=False)
        before = batch.copy()
        runtime.predict(batch)
        np.testing.assert_array_equal(batch, before)

    def test_no_images_get_no_answers(self, runtime: Runtime) -> None:
        nothing = runtime.predict(random_pixels(0))
        assert nothing.probabilities.shape == (0,)
        assert nothing.probabilities.dtype == np.float32
        assert maps_of(nothing).shape == (0, *maps_of(runtime.predict(random_pixels(1))).shape[1:])

    @pytest.mark.parametrize("shape", [(224, 224, 3), (1, 3, 224, 224), (1, 223, 224, 3), (1, 224, 224, 4), ()])
    def test_another_shape_is_refused(self, runtime: Runtime, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidBatchError, match="uint8 of shape"):
            runtime.predict(np.zeros(shape, dtype=np.uint8))

    def test_another_type_is_refused(self, runtime: Runtime) -> None:
        with pytest.raises(InvalidBatchError, match="float32"):
            runtime.predict(np.zeros((1, 224, 224, 3), dtype=np.float32))

    def test_more_than_the_limit_is_refused(self, runtime: Runtime) -> None:
        with pytest.raises(InvalidBatchError, match=f"limit of {runtime.batch_limit}"):
            runtime.predict(random_pixels(runtime.batch_limit + 1))


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_torch_and_what_serves_agree(package: ModelPackage, name: str) -> None:
    batch = random_pixels(4, seed=11)
    reference, served = (load_runtime(package, each).predict(batch) for each in ("torch", name))
    np.testing.assert_allclose(served.probabilities, reference.probabilities, atol=1e-5)
    strongest = np.abs(maps_of(reference)).max()
    np.testing.assert_allclose(maps_of(served), maps_of(reference), atol=1e-4 * strongest)


@pytest.mark.parametrize("name", ON_A_CPU)
def test_a_model_of_an_earlier_version_answers_without_a_map(package: ModelPackage, name: str) -> None:
    earlier = dataclasses.replace(package, card=package.card.model_copy(update={"attention": None}))
    for count in (0, 2):
        found = load_runtime(earlier, name).predict(random_pixels(count))
        assert (len(found.probabilities), found.attention) == (count, None)


def test_the_fake_can_be_foretold() -> None:
    grey = np.stack([np.full((8, 8, 3), value, dtype=np.uint8) for value in (0, 51, 255)])
    np.testing.assert_allclose(FakeRuntime(size=8).predict(grey).probabilities, [1.0, 0.8, 0.0], atol=1e-6)


@pytest.mark.parametrize(
    ("accuracy", "mean_difference", "chosen"),
    [
        (0.998, 0.01, "onnxruntime-int8"),  # as much as may be lost
        (1.0, 0.0, "onnxruntime-int8"),
        (0.997, 0.0, "onnxruntime"),
        (1.0, 0.011, "onnxruntime"),
    ],
)
def test_auto_is_eight_bits_where_they_cost_little(
    package: ModelPackage, accuracy: float, mean_difference: float, chosen: str
) -> None:
    figures = QuantisedFigures(
        calibrated_on=1,
        images=1000,
        accuracy=accuracy,
        accuracy_in_float32=1.0,
        changed_labels=0,
        largest_difference=0.1,
        mean_difference=mean_difference,
    )
    card = package.card.model_copy(update={"quantised": figures})
    assert load_runtime(dataclasses.replace(package, card=card)).name == chosen


def test_eight_bits_are_refused_where_the_package_has_none(tmp_path: Path) -> None:
    plain = write_random_package(tmp_path / "plain")
    assert load_runtime(plain).name == "onnxruntime"
    with pytest.raises(ModelPackageError, match=r"names no model-int8\.onnx"):
        load_runtime(plain, "onnxruntime-int8")


def test_an_unknown_runtime_is_refused(package: ModelPackage) -> None:
    with pytest.raises(ValueError, match="abacus"):
        load_runtime(package, "abacus")


def test_a_model_that_gives_no_number_is_named() -> None:
    with pytest.raises(BrokenModelError, match=r"images \[1\]"):
        probabilities_of(np.array([0.0, np.nan], dtype=np.float32), temperature=1.0, runtime="torch")


def test_large_logits_do_not_overflow() -> None:
    logits = np.array([-1e30, -np.inf, 0.0, np.inf], dtype=np.float32)
    extremes = probabilities_of(logits, temperature=0.05, runtime="torch")
    assert extremes.tolist() == [0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize("name", ["torch", "onnxruntime", "openvino"])
def test_the_cards_temperature_divides_the_logits(package: ModelPackage, name: str) -> None:
    card = package.card.model_copy(update={"temperature": 2.0})
    batch = random_pixels(3)
    plain = load_runtime(package, name).predict(batch).probabilities.astype(np.float64)
    calibrated = load_runtime(dataclasses.replace(package, card=card), name).predict(batch).probabilities
    expected = 1.0 / (1.0 + np.sqrt((1.0 - plain) / plain))  # sigmoid(x / 2), from sigmoid(x)
    np.testing.assert_allclose(calibrated, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_a_graph_that_does_not_fit_its_card_is_refused(package: ModelPackage, name: str) -> None:
    preprocess = package.card.preprocess.model_copy(update={"size": 96})
    other = dataclasses.replace(package, card=package.card.model_copy(update={"preprocess": preprocess}))
    with pytest.raises(BrokenModelError, match=f"does not do what its card says in {name}, on images of 96 x 96"):
        load_runtime(other, name)


def test_openvino_tells_nobody_of_its_use(package: ModelPackage, tmp_path: Path) -> None:
    told = tmp_path / "openvino_telemetry.py"
    told.write_text("raise SystemExit('telemetry was imported')")
    program = (
        "from pathlib import Path; from cloud_service.ml.package import load_package;"
        "from cloud_service.ml.runtimes.loading import load_runtime;"
        f"print(load_runtime(load_package(Path({str(package.directory)!r})), 'openvino').name)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.stderr) == ("openvino", "")


def test_serving_imports_no_torch(package: ModelPackage) -> None:
    program = (
        "import sys, numpy; from pathlib import Path;"
        "from cloud_service.ml.package import load_package; from cloud_service.ml.runtimes.loading import load_runtime;"
        f"runtime = load_runtime(load_package(Path({str(package.directory)!r})));"
        "runtime.predict(numpy.zeros((1, 224, 224, 3), dtype=numpy.uint8));"
        "print(sorted({'torch', 'monai', 'onnx', 'openvino', 'safetensors', 'tensorrt'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
