"""Answers of a made-up network, for tests of what is worked out from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cloud_service.ml.evaluation.answers import Answers


def answers(logits: Sequence[float], labels: Sequence[int], groups: Sequence[str] | None = None) -> Answers:
    """Answers on images, each a group of its own unless said otherwise."""
    names = [f"group-{index}" for index in range(len(logits))] if groups is None else groups
    return Answers(
        logits=np.array(logits, dtype=np.float64),
        labels=np.array(labels, dtype=np.float64),
        groups=np.array(names, dtype=np.str_),
        features=np.zeros((len(logits), 0)),
        paths=tuple(Path(f"{index}.png") for index in range(len(logits))),
    )


def random_answers(
    seed: int, *, groups: int, per_group: int = 10, group_spread: float = 0.0, distance: float = 2.0
) -> Answers:
    """Groups of one label each, by turns, whose images share a shift of their logits.

    Args:
        seed: of everything.
        groups: how many.
        per_group: images in each.
        group_spread: standard deviation of the shift that a group's images share.
        distance: of the labels' mean logits from 0.
    """
    chance = np.random.default_rng(seed)
    of_image = np.repeat(np.arange(groups), per_group)
    labels = of_image % 2
    shift = chance.normal(0.0, 1.0, groups)[of_image] * group_spread
    logits = distance * (2 * labels - 1) + shift + chance.normal(0.0, 1.5, len(of_image))
    return answers(logits.tolist(), labels.tolist(), [f"group-{index}" for index in of_image])
