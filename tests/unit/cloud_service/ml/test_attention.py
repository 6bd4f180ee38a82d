"""Maps of where a network looked: the same as MONAI's, kept in few bytes, laid on the right place of a photograph."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from cloud_service.ml.attention import (
    KEPT_EDGE,
    AttentionMap,
    evidence_of,
    kept,
    on_photograph,
    overlay,
)
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.explain import Explainer
from cloud_service.ml.explain_checks import localise, rank_correlation, with_random_weights
from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.map_grid import MapGrid
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.synthetic.parameters import draw_field
from cloud_service.ml.synthetic.smear import SyntheticImage, make_field
from cloud_service.ml.synthetic.white_cells import CellKind
from cloud_service.ml.weights import network_of
from shared.imaging.framing import Border
from shared.imaging.preprocess import PreprocessSpec, preprocess
from tests.support.model_packages import random_network, random_pixels

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"
FIELDS = 6
WIDTH, HEIGHT = 1296, 972


@pytest.fixture(scope="module")
def fields() -> list[SyntheticImage]:
    """Fields with blasts, of seeds far from those of the training."""
    seeds = range(910_000, 910_000 + FIELDS)
    return [make_field(seed, draw_field(seed, "all", width=WIDTH, height=HEIGHT)) for seed in seeds]


def looked(network: DeployedNetwork, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(network.served(torch.tensor(pixels[None]))[2][0].numpy())


def as_bmp(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "BMP")
    return file.getvalue()


@pytest.mark.parametrize(
    "settings",
    [
        NetworkSettings(),
        NetworkSettings(squeeze_excitation=False),
        NetworkSettings(filters=(4, 6, 8), pooling_stride=1),
        NetworkSettings(backbone="resnet34"),
        NetworkSettings(backbone="densenet121"),
    ],
)
def test_it_is_grad_cam_as_monai_computes_it(settings: NetworkSettings) -> None:
    """Placed on the network's square, where `explain` places MONAI's map of the same layer."""
    torch.manual_seed(5)
    size = 64
    network = DeployedNetwork(build_network(settings), PreprocessSpec(size=size)).eval()
    explainer = Explainer(DeployedNetwork(network.network, PreprocessSpec(size=size)))
    for pixels in random_pixels(2, size=size):
        attention = looked(network, pixels)
        card = AttentionMap(positions=len(attention), grid=network.network.map_grid)
        for for_all in (True, False):
            wanted = explainer.evidence(pixels, for_all=for_all)
            found = np.maximum(attention if for_all else -attention, 0)
            found = on_photograph(found, card, PreprocessSpec(size=size), size=(size, size))
            if wanted.any():
                np.testing.assert_allclose(found / found.max(), wanted, atol=2e-4)
            else:
                assert not found.any()


def test_the_slopes_are_the_gradient_of_the_logits() -> None:
    network = random_network(NetworkSettings()).network
    features = torch.randn(4, 128, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.classify(features).sum(), features)
    torch.testing.assert_close(network.slopes(features), gradient)


def test_a_kept_map_is_one_signed_byte_a_position() -> None:
    attention = np.array([[0.5, -1.0], [0.25, 0.0]], dtype=np.float32)
    found = kept(attention)
    assert found == bytes([64, 129, 32, 0])  # 64, -127, 32, 0
    np.testing.assert_allclose(evidence_of(found, for_all=True), [[1.0, 0.0], [0.5, 0.0]])
    np.testing.assert_allclose(evidence_of(found, for_all=False), [[0.0, 1.0], [0.0, 0.0]])


def test_a_fine_map_is_averaged_and_stays_where_it_was() -> None:
    attention = np.zeros((215, 215), dtype=np.float32)
    attention[100:110, 20:30] = 3.0
    found = kept(attention)
    assert len(found) == KEPT_EDGE**2
    card = AttentionMap(positions=215, grid=MapGrid(start=4.5, stride=1.0))
    evidence = on_photograph(evidence_of(found, for_all=True), card, PreprocessSpec(), size=(224, 224))
    row, column = centre(evidence)
    assert (row, column) == pytest.approx((109.5, 29.5), abs=1.0)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_map_that_says_nothing_is_kept_as_nothing(value: float) -> None:
    attention = np.full((4, 4), value, dtype=np.float32)
    assert kept(attention) == bytes(16)
    assert not evidence_of(kept(attention), for_all=True).any()


@pytest.mark.parametrize("size", [(1296, 972), (972, 1296), (500, 500), (90, 60)])
@pytest.mark.parametrize("border", ["squash", "pad", "crop"])
def test_a_spot_is_laid_where_it_is_on_the_photograph(border: Border, size: tuple[int, int]) -> None:
    """The network is one that sees darkness, and is shown one dark spot; never mind how it came into the square."""
    spec = PreprocessSpec(size=96, border=border, draft_edge=None)
    card = AttentionMap(positions=24, grid=MapGrid(start=0.0, stride=4.0))
    width, height = size
    for x, y in ((0.3, 0.4), (0.5, 0.5), (0.62, 0.7)):
        across, down = round((width - min(size)) / 2 + x * min(size)), round((height - min(size)) / 2 + y * min(size))
        radius = max(3, min(size) // 16)
        image = np.full((height, width, 3), 255, dtype=np.uint8)
        image[down - radius : down + radius, across - radius : across + radius] = 0
        darkness = 255.0 - preprocess(as_bmp(image), spec).mean(axis=2, dtype=np.float32)
        attention = np.asarray(Image.fromarray(darkness).resize((24, 24), Image.Resampling.BOX))
        found = on_photograph(evidence_of(kept(attention), for_all=True), card, spec, size=size)
        assert found.shape == shape_of(size)
        row, column = centre(found)
        scale = found.shape[1] / width
        assert (column, row) == pytest.approx((across * scale, down * scale), abs=0.02 * max(found.shape))


def test_what_was_cropped_away_is_clear() -> None:
    spec = PreprocessSpec(size=96, border="crop", draft_edge=96)
    card = AttentionMap(positions=24, grid=MapGrid(start=0.0, stride=4.0))
    found = on_photograph(np.ones((24, 24), np.float32), card, spec, size=(320, 160))
    assert not found[:, :80].any()
    assert not found[:, 240:].any()
    assert found[10:150, 90:230].min() == pytest.approx(1.0)


def test_the_overlay_is_clear_where_there_is_little_and_small() -> None:
    evidence = np.linspace(0, 1, 320, dtype=np.float32)[None].repeat(240, axis=0)
    content = overlay(evidence)
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
    assert len(content) < 8_000
    assert picture.shape == (240, 320, 4)
    assert not picture[:, :31, 3].any()
    assert picture[0, -1, 3] == 170
    assert np.all(np.diff(picture[0, :, 3].astype(int)) >= 0)
    lightness = picture[0, 32:, :3] @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(lightness) > -0.8)  # rounding of single channels
    viridis = np.array(colormaps["viridis"](np.linspace(0.5, 1.0, 5))[:, :3]) * 255
    stops = picture[0, np.rint(np.linspace(0.1, 1.0, 5) * 319).astype(int), :3]
    np.testing.assert_allclose(stops, viridis, atol=4)


def test_the_demo_models_maps_lie_on_blasts_and_come_from_what_it_learnt(fields: list[SyntheticImage]) -> None:
    """From the field's file through ONNX Runtime and the kept bytes to the overlay's geometry, on the ground truth."""
    package = load_package(DEMO_MODEL)
    card, spec, runtime = package.card.attention, package.card.preprocess, load_runtime(package)
    assert card is not None
    network = DeployedNetwork(network_of(package), spec).eval()
    untrained = with_random_weights(network, last_only=False, seed=1)
    maps, inside, alike = [], [], []
    for field in fields:
        pixels = preprocess(as_bmp(field.image), spec)
        served = runtime.predict(pixels[None]).attention
        assert served is not None
        evidence, other = (
            on_photograph(evidence_of(kept(attention), for_all=True), card, spec, size=(WIDTH, HEIGHT))
            for attention in (served[0], looked(untrained, pixels))
        )
        maps.append(evidence)
        inside.append(blasts(field, evidence.shape))
        alike.append(rank_correlation(evidence, other))
    found = localise(maps, inside)
    assert found.strongest_inside == 1.0
    assert found.evidence_inside >= 0.3  # seen: 0.45 on 20 fields; by chance 0.04
    assert found.area_inside < 0.06
    assert np.mean(np.abs(alike)) < 0.5


def blasts(field: SyntheticImage, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where lymphoblasts lie in a picture of this shape of the whole field."""
    scale = shape[1] / WIDTH
    y, x = ((np.arange(length) + 0.5) / scale for length in shape)
    cells = [cell for cell in field.cells if cell.kind is CellKind.LYMPHOBLAST]
    near = [np.hypot(x[None] - cell.x, y[:, None] - cell.y) <= cell.radius for cell in cells]
    return np.asarray(np.any(near, axis=0))


def centre(evidence: NDArray[np.float32]) -> tuple[float, float]:
    """Row and column of the evidence's centre of mass, pixels."""
    total = evidence.sum()
    row, column = (
        float((evidence.sum(axis=1 - axis) * (np.arange(evidence.shape[axis]) + 0.5)).sum() / total) for axis in (0, 1)
    )
    return row, column


def shape_of(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, 320 / max(size))
    return round(size[1] * scale), round(size[0] * scale)
