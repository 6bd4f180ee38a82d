"""Asks one model about some captures; results are kept by capture id, never by position."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from cloud_service.inference.outcomes import Answer, Outcome, Refusal
from cloud_service.inference.reading import CaptureReader, Pixels
from cloud_service.ml.attention import kept
from cloud_service.registry.served import ServedModel
from shared.errors import PermanentError


def analyse(model: ServedModel, reader: CaptureReader, digests: Mapping[UUID, str]) -> dict[UUID, Outcome]:
    """What a model says of each capture, or why it says nothing.

    Args:
        model: answers, with images read by its own spec.
        reader: reads and decodes.
        digests: SHA-256 by capture id.
    """
    found = reader.read_all(digests, model.package.card.preprocess)
    pixels = {capture_id: item for capture_id, item in found.items() if isinstance(item, np.ndarray)}
    outcomes: dict[UUID, Outcome] = {
        capture_id: item for capture_id, item in found.items() if not isinstance(item, np.ndarray)
    }
    ids, step = list(pixels), model.runtime.batch_limit
    for start in range(0, len(ids), step):
        outcomes |= _predict_together(model, ids[start : start + step], pixels)
    return outcomes


def _predict_together(model: ServedModel, ids: Sequence[UUID], pixels: Mapping[UUID, Pixels]) -> dict[UUID, Outcome]:
    """Ask the model once; where it fails on several captures, ask for each alone to find the one at fault."""
    try:
        found = model.runtime.predict(np.stack([pixels[capture_id] for capture_id in ids]))
    except PermanentError as error:
        if len(ids) == 1:
            return {ids[0]: Refusal(str(error))}
        alone = [_predict_together(model, [capture_id], pixels) for capture_id in ids]
        return {capture_id: outcome for outcomes in alone for capture_id, outcome in outcomes.items()}
    maps = [None] * len(ids) if found.attention is None else [kept(attention) for attention in found.attention]
    return {
        capture_id: _answer(model, pixels[capture_id], float(probability), attention)
        for capture_id, probability, attention in zip(ids, found.probabilities, maps, strict=True)
    }


def _answer(model: ServedModel, pixels: Pixels, probability: float, attention: bytes | None) -> Answer:
    return Answer(model, probability, model.doubter.doubts(pixels, probability), attention)
