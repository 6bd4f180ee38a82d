"""Draws a signed report as a PDF, from its content alone and the images that it shows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from cloud_service.cases.schemas import ModelFacts, ReadingView
from cloud_service.reports.content import digest_of
from cloud_service.reports.schemas import ReportContent, ReportedImage
from cloud_service.reports.sheet import Sheet
from shared.vocabulary import Label, PersonVerdict, ReportStatus

SHOWN_IMAGES = 6
_WIDTHS = (9.0, 54.0, 33.0, 45.0, 33.0)
_NONE = "—"


def shown_images(content: ReportContent) -> list[ReportedImage]:
    """The images that the report shows: those that the reader calls suspicious first, then as the model ranks them."""
    ranked = sorted(content.images, key=lambda image: image.verdict is not PersonVerdict.SUSPICIOUS)
    return ranked[:SHOWN_IMAGES]


def draw(content: ReportContent, pictures: Mapping[UUID, bytes]) -> bytes:
    """The report as PDF. The same content and pictures give the same bytes.

    Args:
        content: what was signed.
        pictures: JPEG of those `shown_images` that are to be had, by capture id.
    """
    heading = (f"Smearflow · blood-smear report · site {content.site}", f"Case {_short(content)} · {_name(content)}")
    sheet = Sheet(heading, content.notice, digest_of(content), content.signed_at)
    _diagnosis(sheet, content)
    _models_part(sheet, content)
    _readings(sheet, content.readings)
    _pictures(sheet, content, pictures)
    _images(sheet, content)
    return bytes(sheet.output())


def _diagnosis(sheet: Sheet, content: ReportContent) -> None:
    sheet.title_line(content.wording)
    sheet.facts(
        [
            ("Case", content.pseudonym),
            ("Site", content.site),
            ("Report", f"{_name(content)} of this case"),
            ("Signed by", content.signed_by),
            ("Signed at", _moment(content.signed_at)),
            ("Images", str(len(content.images))),
        ]
    )
    if content.status == ReportStatus.AMENDED:
        sheet.section("Amendment")
        sheet.facts(
            [
                ("Replaces", f"report {content.number - 1}, SHA-256 of its content {content.former_sha256}"),
                ("Amended by", f"{content.signed_by}, {_moment(content.signed_at)}"),
                ("Because", content.amendment_reason or _NONE),
            ]
        )
    sheet.section("Conclusion")
    sheet.paragraph(content.conclusion or f"{content.wording}. The reader added no words of his own.")
    if content.reason and content.reason != content.amendment_reason:
        sheet.section("Why it differs from the model's answer")
        sheet.paragraph(content.reason)


def _models_part(sheet: Sheet, content: ReportContent) -> None:
    sheet.section("The model's answer: a preliminary finding, not a diagnosis")
    sheet.paragraph(content.model_wording, bold=True)
    for reason in content.model_reasons:
        sheet.paragraph(f"• {reason}", size=8.5, indent=3)
    for model in content.models:
        sheet.ln(1.5)
        sheet.facts(_facts_of_model(model))
    limits = list(dict.fromkeys(limit for model in content.models for limit in model.limits))
    if limits:
        sheet.ln(1)
        sheet.paragraph("Why a model's answer may be wrong:", size=8.5)
        for limit in limits:
            sheet.paragraph(f"• {limit}", size=8.5, indent=3)


def _facts_of_model(model: ModelFacts) -> list[tuple[str, str]]:
    between = model.abstain_between
    abstains = f"; between {between[0]:.3f} and {between[1]:.3f} it cannot say" if between else ""
    return [
        ("Model", f"{model.name} {model.version}, package {model.digest[:16]}…"),
        ("Intended use", model.intended_use),
        ("Suspicious from", f"probability {model.threshold:.3f}{abstains}"),
    ]


def _readings(sheet: Sheet, readings: Sequence[ReadingView]) -> None:
    sheet.section("Who read the case")
    for reading in readings:
        verdict = reading.verdict.wording if reading.verdict else _NONE
        signed = _moment(reading.signed_at) if reading.signed_at else _NONE
        sheet.paragraph(f"{reading.number}. {reading.reader}, signed {signed}", bold=True, size=9)
        sheet.paragraph(verdict, size=9, indent=6)
        if reading.reason:
            sheet.paragraph(f"Reason: {reading.reason}", size=9, indent=6)
        if reading.conclusion:
            sheet.paragraph(f"Conclusion: {reading.conclusion}", size=9, indent=6)
        sheet.ln(1)


def _pictures(sheet: Sheet, content: ReportContent, pictures: Mapping[UUID, bytes]) -> None:
    shown = shown_images(content)
    if not shown:
        return
    sheet.section(f"The {len(shown)} most suspicious of {len(content.images)} images")
    numbers = {image.capture_id: number for number, image in enumerate(content.images, 1)}
    captioned: list[tuple[bytes | None, str]] = []
    for image in shown:
        told = f"Image {numbers[image.capture_id]}. Reader: {_readers_word(image)}. Model: {_models_word(image)}"
        picture = pictures.get(image.capture_id)
        captioned.append((picture, told if picture else f"{told}. The image could not be drawn."))
    sheet.pictures(captioned)


def _images(sheet: Sheet, content: ReportContent) -> None:
    sheet.section("All images, the most suspicious first")
    head = ("", "Image", "Photographed (UTC)", "Model: preliminary finding", "Reader's verdict")
    sheet.row(head, _WIDTHS, bold=True)
    for number, image in enumerate(content.images, 1):
        if sheet.will_page_break(9):
            sheet.add_page()
            sheet.row(head, _WIDTHS, bold=True)
        sheet.rule()
        taken = f"{image.captured_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        sheet.row((str(number), str(image.capture_id), taken, _models_word(image), _readers_word(image)), _WIDTHS)
        for doubt in image.model_doubts:
            sheet.remark(f"Doubted: {doubt}")
        if image.reason:
            sheet.remark(f"Reader's reason: {image.reason}")


def _models_word(image: ReportedImage) -> str:
    if image.model_label is None or image.model_probability is None:
        return "no answer"
    words = {Label.SUSPICIOUS: "suspicious", Label.NO_BLAST_FEATURES: "no blast features"}[Label(image.model_label)]
    doubted = ", doubted" if image.model_doubts else ""
    return f"{words} ({image.model_probability:.3f}{doubted})"


def _readers_word(image: ReportedImage) -> str:
    return image.verdict.wording if image.verdict else "as the model"


def _name(content: ReportContent) -> str:
    return f"report {content.number} ({content.status})"


def _short(content: ReportContent) -> str:
    return content.pseudonym[:8]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
