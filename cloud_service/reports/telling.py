"""A signed report's words, as its PDF shows them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cloud_service.cases.judging import differs
from cloud_service.cases.schemas import ModelFacts, ReadingView
from cloud_service.reports.content import digest_of
from cloud_service.reports.schemas import ReportContent, ReportedImage
from cloud_service.reports.typography import has_code_points, printable, runs_from_the_right
from shared.vocabulary import Label, PersonVerdict, ReportStatus

_NONE = "—"
_EMPTY_LINE = "\u00a0"
_MODEL_WORDS = {Label.SUSPICIOUS: "suspicious", Label.NO_BLAST_FEATURES: "no blast features"}
_READER_WORDS = {
    PersonVerdict.SUSPICIOUS: "suspicious",
    PersonVerdict.NO_BLAST_FEATURES: "no blast features",
    PersonVerdict.CANNOT_SAY: "cannot say",
    PersonVerdict.NOT_EVALUABLE: "not evaluable",
}


def tell(content: ReportContent, shown: Sequence[ReportedImage], files: Mapping[UUID, str]) -> dict[str, Any]:
    """What the template `report.typ` shows.

    Args:
        content: what was signed.
        shown: the images that the report shows.
        files: the names of their files, by capture id; one that has none is shown as an empty frame.
    """
    numbers = {image.capture_id: number for number, image in enumerate(content.images, 1)}
    name = f"report {content.number} ({content.status})"
    # The reason of an amendment stands there already.
    differs_here = differs(content.model_answer, content.verdict) and content.reason != content.amendment_reason
    difference = content.reason if differs_here else None
    told = {
        "title": f"Smearflow: case {content.pseudonym[:8]}, {name}",
        "header": [f"Smearflow · blood-smear report · site {content.site}", f"Case {content.pseudonym[:8]} · {name}"],
        "notice": printable(content.notice),
        "digest": digest_of(content),
        "wording": printable(content.wording),
        "facts": _facts_of_report(content),
        "amendment": _amendment(content),
        "conclusion": _paragraphs(content.conclusion or f"{content.wording}. The reader added no words to this."),
        "difference": _paragraphs(difference) if difference else [],
        "model_wording": printable(content.model_wording),
        "model_reasons": [_paragraphs(reason) for reason in content.model_reasons],
        "models": [_facts_of_model(model) for model in content.models],
        "limits": [_paragraphs(limit) for limit in _once(limit for model in content.models for limit in model.limits)],
        "readings": [_reading(reading) for reading in content.readings],
        "pictures_title": _pictures_title(len(shown), len(content.images)),
        "pictures": [_picture(image, numbers[image.capture_id], files.get(image.capture_id)) for image in shown],
        "images": [_row(number, image) for number, image in enumerate(content.images, 1)],
    }
    return told | {"has_code_points": has_code_points(json.dumps(told, ensure_ascii=False))}


def _facts_of_report(content: ReportContent) -> list[dict[str, Any]]:
    return [
        {"name": "Case", "value": [_unbroken(content.pseudonym)]},
        _fact("Site", content.site),
        _fact("Report", f"{content.number} of this case, {content.status}"),
        _fact("Signed by", content.signed_by),
        _fact("Signed at", _moment(content.signed_at)),
        _fact("Images", str(len(content.images))),
    ]


def _amendment(content: ReportContent) -> list[dict[str, Any]]:
    if content.status != ReportStatus.AMENDED:
        return []
    former = _paragraphs(f"Report {content.number - 1}, whose content has the SHA-256")
    return [
        {"name": "Replaces", "value": [*former, _unbroken(content.former_sha256 or _NONE)]},
        _fact("Amended by", f"{content.signed_by}, {_moment(content.signed_at)}"),
        _fact("Because", content.amendment_reason or _NONE),
    ]


def _facts_of_model(model: ModelFacts) -> list[dict[str, Any]]:
    between = model.abstain_between
    abstains = f"; between {between[0]:.3f} and {between[1]:.3f} it cannot say" if between else ""
    return [
        _fact("Model", f"{model.name} {model.version}, package {model.digest[:16]}…"),
        _fact("Intended use", model.intended_use),
        _fact("Suspicious from", f"probability {model.threshold:.3f}{abstains}"),
    ]


def _reading(reading: ReadingView) -> dict[str, Any]:
    signed = f"signed {_moment(reading.signed_at)}" if reading.signed_at else "not signed"
    told = [_fact("Verdict", reading.verdict.wording if reading.verdict else _NONE)]
    if reading.reason:
        told.append(_fact("Reason", reading.reason))
    if reading.conclusion:
        told.append(_fact("Conclusion", reading.conclusion))
    return {"who": printable(f"{reading.number}. {reading.reader}, {signed}"), "facts": told}


def _pictures_title(shown: int, images: int) -> str:
    return "What the images show" if shown == images else f"The {shown} most suspicious of {images} images"


def _picture(image: ReportedImage, number: int, file: str | None) -> dict[str, Any]:
    caption = f"Image {number}. Reader: {_readers_word(image)}. Model: {_models_word(image)}."
    return {"file": f"/{file}" if file else None, "caption": caption if file else f"{caption} It could not be drawn."}


def _row(number: int, image: ReportedImage) -> dict[str, Any]:
    taken = f"{image.captured_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    remarks = [paragraph for doubt in image.model_doubts for paragraph in _paragraphs(f"Doubted: {doubt}")]
    if image.reason:
        remarks += _paragraphs(f"The reader's reason: {image.reason}")
    cells = [str(number), str(image.capture_id), taken, _models_word(image), _readers_word(image)]
    return {"cells": cells, "remarks": remarks}


def _models_word(image: ReportedImage) -> str:
    if image.model_label is None or image.model_probability is None:
        return "no answer"
    doubted = ", doubted" if image.model_doubts else ""
    return f"{_MODEL_WORDS[Label(image.model_label)]} ({image.model_probability:.3f}{doubted})"


def _readers_word(image: ReportedImage) -> str:
    return _READER_WORDS[image.verdict] if image.verdict else "as the model"


def _fact(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": _paragraphs(value)}


def _paragraphs(text: str) -> list[dict[str, Any]]:
    return [
        {"text": shown if shown.strip() else _EMPTY_LINE, "from_the_right": runs_from_the_right(shown)}
        for shown in printable(text).split("\n")
    ]


def _unbroken(digits: str) -> dict[str, Any]:
    """A line that can be copied as it is; short enough for the page."""
    return {"text": digits, "from_the_right": False}


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
