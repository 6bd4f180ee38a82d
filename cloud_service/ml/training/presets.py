"""Recipes that have a name, and recipes from files."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from cloud_service.ml.training.settings import AugmentationPreset, Recipe, TrainingSettings
from shared.errors import ConfigurationError
from shared.imaging.preprocess import PreprocessSpec

PAPER: Final = Recipe()
"""As Bukhari et al. (2022) train, as far as they say: see TrainingSettings, AUGMENTATIONS and NetworkSettings."""

MODERN: Final = Recipe(
    preprocess=PreprocessSpec(size=112),
    training=TrainingSettings(
        epochs=30,
        schedule="cosine",
        warm_up=0.05,
        averaging=0.98,
        batch_norm_images=256,
        balanced=True,
        augmentation=AugmentationPreset.MODERN,
    ),
)
"""The same network on images of half the width, trained so that neighbouring epochs agree and no label is favoured.

Each place of the last map sees 22 pixels of the input. At 112 pixels that is a whole cell of a smear at high power; at
224 it is a part of one (deploy/decisions/0017).
"""

RECIPES: Final[dict[str, Recipe]] = {"paper": PAPER, "modern": MODERN}


def load_recipe(name_or_file: str) -> Recipe:
    """A recipe by its name in RECIPES, or from a file: TOML, or JSON as in `recipe.json` beside a trained model.

    What a file leaves out is as in PAPER.

    Raises:
        ConfigurationError: there is no such recipe, or the file is not one.
    """
    if name_or_file in RECIPES:
        return RECIPES[name_or_file]
    file = Path(name_or_file)
    try:
        text = file.read_text(encoding="utf-8")
        return (
            Recipe.model_validate_json(text) if file.suffix == ".json" else Recipe.model_validate(tomllib.loads(text))
        )
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"There is no recipe {name_or_file}: it is neither one of {', '.join(RECIPES)} nor a file that can be read."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is no recipe: {error}. Write TOML, or JSON in a file named .json.") from error
    except ValidationError as error:
        raise ConfigurationError(f"{file} is no recipe: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    where = ".".join(str(step) for step in fault["loc"]) or "the whole"
    return f"{where}: {fault['msg']}. `network`, `preprocess` and `training` hold the settings that a model card shows."


def changed(recipe: Recipe, by_hand: Mapping[str, object], *, plain: bool = False) -> Recipe:
    """A recipe with what a person set by hand.

    Args:
        recipe: what to start from.
        by_hand: training settings by name; None leaves one as it is.
        plain: takes the squeeze-and-excitation blocks out.

    Raises:
        ConfigurationError: the network has no squeeze-and-excitation to take out.
    """
    training = recipe.training.model_copy(update={name: value for name, value in by_hand.items() if value is not None})
    network = recipe.network
    if plain and network.backbone != "se-cnn":
        raise ConfigurationError(f"--plain takes squeeze-and-excitation out, and a {network.backbone} has none.")
    if plain:
        network = network.model_copy(update={"squeeze_excitation": False})
    return recipe.model_copy(update={"training": training, "network": network})


def with_preprocess(recipe: Recipe, stated: PreprocessSpec) -> Recipe:
    """A recipe with those settings of preprocessing that `stated` was given; its others stay.

    Raises:
        ConfigurationError: the two do not go together.
    """
    both = recipe.preprocess.model_dump() | stated.model_dump(exclude_unset=True)
    try:
        return recipe.model_copy(update={"preprocess": PreprocessSpec.model_validate(both)})
    except ValidationError as error:
        raise ConfigurationError(f"The preprocessing does not fit the recipe: {_first_fault(error)}") from error
