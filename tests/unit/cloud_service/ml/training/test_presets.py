from pathlib import Path

import pytest

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.presets import MODERN, PAPER, RECIPES, changed, load_recipe, with_preprocess
from cloud_service.ml.training.settings import AUGMENTATIONS, AugmentationPreset, AugmentationSettings, Recipe
from shared.errors import ConfigurationError
from shared.imaging.preprocess import PreprocessSpec


def test_the_papers_recipe_is_the_papers() -> None:
    training = PAPER.training
    assert (training.learning_rate, training.schedule, training.batch_size) == (0.001, "constant", 16)
    assert training.augmentation is AugmentationPreset.PAPER
    assert training.augmentation_settings == AugmentationSettings(angles=(0, 60, 90), shift=1.0, outside="nearest")
    assert PAPER.network == NetworkSettings()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name_and_survives_json(name: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(load_recipe(name).model_dump_json(indent=2))
    assert load_recipe(str(file)) == RECIPES[name]


def test_a_recipe_in_toml_says_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        "[training]\nepochs = 3\n[training.augmentation]\nangles = 'any'\n"
        "[preprocess.corner_mask]\ncorners = ['bottom-right']\nwidth = 0.16\nheight = 0.14\n"
    )
    recipe = load_recipe(str(file))
    assert recipe.training.epochs == 3
    assert recipe.training.augmentation_settings == AugmentationSettings(angles="any")
    assert recipe.preprocess.corner_mask is not None
    assert recipe.network == NetworkSettings()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("no-such", None, "neither one of paper, modern nor a file"),
        ("bad.toml", b"[training", "TOML"),
        ("bad.json", b"{", "Invalid JSON"),
        ("bad.toml", b"\xff\xfe", "nor a file that can be read"),
        ("bad.toml", b"[training]\nepochs = 0\n", r"training\.epochs: Input should be greater"),
        ("bad.toml", b"[training]\nepoch = 3\n", r"training\.epoch: Extra inputs"),
    ],
)
def test_what_is_no_recipe_is_named(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        load_recipe(str(file) if content is not None else name)


def test_what_a_person_sets_by_hand_counts() -> None:
    recipe = changed(MODERN, {"epochs": 2, "seed": 7, "threads": 1}, plain=True)
    assert (recipe.training.epochs, recipe.training.seed, recipe.training.threads) == (2, 7, 1)
    assert not recipe.network.squeeze_excitation
    assert changed(MODERN, {"epochs": None}) == MODERN
    with pytest.raises(ConfigurationError, match="resnet34 has none"):
        changed(Recipe(network=NetworkSettings(backbone="resnet34")), {}, plain=True)


def test_every_preset_has_settings() -> None:
    assert set(AUGMENTATIONS) == set(AugmentationPreset)


def test_shares_that_leave_nothing_to_train_on_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "greedy.toml"
    file.write_text("[training]\nvalidation_share = 0.6\ntest_share = 0.5\n")
    with pytest.raises(ConfigurationError, match=r"training: .* 0.6 for validation and 0.5 for the test leave nothing"):
        load_recipe(str(file))


def test_preprocessing_that_is_stated_replaces_a_recipes_own() -> None:
    recipe = with_preprocess(MODERN, PreprocessSpec(resize_filter="box"))
    assert recipe.preprocess == MODERN.preprocess.model_copy(update={"resize_filter": "box"})
    coarse = MODERN.model_copy(update={"preprocess": PreprocessSpec(size=112, draft_edge=112)})
    with pytest.raises(ConfigurationError, match="draft_edge is 112, which is less than the size of 224"):
        with_preprocess(coarse, PreprocessSpec(size=224))
