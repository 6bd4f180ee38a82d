from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.explain_checks import (
    FIRST_SEED,
    check_explanations,
    localise,
    located,
    rank_correlation,
    with_random_weights,
)
from cloud_service.ml.package import load_package
from cloud_service.ml.synthetic.parameters import FieldParameters
from cloud_service.ml.synthetic.smear import Cell, SyntheticImage, make_field
from cloud_service.ml.synthetic.white_cells import CellKind
from cloud_service.ml.weights import network_of
from shared.imaging.preprocess import PreprocessSpec
from tests.support.model_packages import random_network, random_pixels

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"
EMPTY = np.zeros((4, 4), dtype=np.float32)
LEFT = np.repeat([[True, True, False, False]], 4, axis=0)


def test_the_demo_models_maps_lie_on_cells_and_depend_on_what_it_learnt() -> None:
    """On 40 fields of each kind, as `smearflow model check-explanations` has it, the figures are clearer still.

    The strongest place then lies in a blast in all of them, and 43 % of the evidence, where blasts cover 3.5 %.
    """
    package = load_package(DEMO_MODEL)
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    drawn: list[None] = []
    checks = check_explanations(network, package.card.preprocess, fields=4, on_field=lambda: drawn.append(None))
    assert len(drawn) == 8
    assert checks.on_blasts.fields == 4
    assert checks.on_blasts.strongest_inside >= 0.75
    assert checks.on_blasts.evidence_inside > 5 * checks.on_blasts.area_inside
    assert checks.on_white_cells.strongest_inside >= 0.75
    assert checks.on_white_cells.evidence_inside > 2 * checks.on_white_cells.area_inside
    assert [changed.weights for changed in checks.randomised] == ["last layers", "all layers"]
    assert all(changed.rank_correlation < 0.6 for changed in checks.randomised)
    assert all(changed.similarity < 0.6 for changed in checks.randomised)


def test_an_untrained_network_finds_no_cells() -> None:
    spec = PreprocessSpec(size=64, draft_edge=None)
    network = with_random_weights(random_network(spec=spec), last_only=False, seed=2)
    assert check_explanations(network, spec, fields=2).on_blasts.evidence_inside < 0.2


class TestLocalise:
    def test_by_hand(self) -> None:
        evidence = EMPTY.copy()
        evidence[0, 0], evidence[0, 3] = 1.0, 0.25
        found = localise([evidence, evidence[:, ::-1]], [LEFT, LEFT])
        assert found.strongest_inside == 0.5
        assert found.evidence_inside == pytest.approx((0.8 + 0.2) / 2)
        assert found.area_inside == 0.5

    def test_a_map_without_evidence_is_a_miss(self) -> None:
        found = localise([EMPTY], [LEFT])
        assert (found.strongest_inside, found.evidence_inside) == (0.0, 0.0)


class TestRankCorrelation:
    def test_by_hand(self) -> None:
        rising = np.arange(16, dtype=np.float32).reshape(4, 4)
        assert rank_correlation(rising, rising**3) == pytest.approx(1.0)
        assert rank_correlation(rising, -rising) == pytest.approx(-1.0)

    def test_a_map_that_orders_nothing_is_related_to_none(self) -> None:
        assert rank_correlation(EMPTY, np.eye(4, dtype=np.float32)) == 0.0


class TestLocated:
    @pytest.mark.parametrize("border", ["squash", "pad", "crop"])
    def test_a_cell_lies_where_the_network_sees_it(self, border: str) -> None:
        spec = PreprocessSpec.model_validate({"size": 160, "draft_edge": None, "border": border})
        found = located(field_with_a_disc(), spec, {CellKind.LYMPHOBLAST})
        dark = found.pixels.mean(axis=2) < 128
        assert dark.any()
        assert (dark == found.inside).mean() > 0.99

    def test_other_kinds_do_not_count(self) -> None:
        assert not located(field_with_a_disc(), PreprocessSpec(), {CellKind.MONOCYTE}).inside.any()

    def test_a_real_field_of_the_generator(self) -> None:
        field = make_field(FIRST_SEED, FieldParameters(label="all", width=648, height=486))
        found = located(field, PreprocessSpec(), {CellKind.LYMPHOBLAST})
        brightness = found.pixels.mean(axis=2)
        assert brightness[found.inside].mean() < brightness[~found.inside].mean() - 40


class TestRandomWeights:
    def test_the_network_itself_is_left_alone(self) -> None:
        network, pixels = random_network(), torch.from_numpy(random_pixels(1))
        before = network(pixels)
        changed = with_random_weights(network, last_only=False, seed=1)
        torch.testing.assert_close(network(pixels), before)
        assert not torch.allclose(changed(pixels), before)

    def test_the_last_layers_alone(self) -> None:
        network, pixels = random_network(), torch.from_numpy(random_pixels(1))
        changed = with_random_weights(network, last_only=True, seed=1)
        torch.testing.assert_close(changed.features(pixels), network.features(pixels))
        assert not torch.allclose(changed(pixels), network(pixels))

    def test_the_same_seed_draws_the_same_and_leaves_the_global_chance_alone(self) -> None:
        network = random_network()
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        first, second = (with_random_weights(network, last_only=False, seed=3).state_dict() for _ in range(2))
        torch.testing.assert_close(torch.rand(3), expected)
        assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def field_with_a_disc() -> SyntheticImage:
    """A black cell on white, off the middle of a field that is twice as wide as high."""
    picture = Image.new("RGB", (600, 300), "white")
    cell = Cell(CellKind.LYMPHOBLAST, x=350.0, y=100.0, radius=60.0)
    ImageDraw.Draw(picture).circle((cell.x, cell.y), cell.radius, fill="black")
    return SyntheticImage(np.asarray(picture), "all", (cell,))
