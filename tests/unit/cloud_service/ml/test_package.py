import errno
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud_service.ml.evaluation.out_of_distribution import OutOfDistributionCard
from cloud_service.ml.evaluation.threshold import Threshold
from cloud_service.ml.model_card import ModelCard, PackageFile, QuantisedFigures
from cloud_service.ml.package import CARD_NAME, ModelPackage, ModelPackageError, load_package, write_package
from cloud_service.ml.weights import network_of
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes, sha256_of_file
from shared.vocabulary import Label
from tests.support.model_cards import a_card

FILES = {name: name.encode() for name in PackageFile}
DIGESTS = {name: sha256_of_bytes(content) for name, content in FILES.items()}
FLAGS = OutOfDistributionCard(threshold=50.0, false_flags_promised=0.02, validation_images=100)
QUANTISED = QuantisedFigures(
    calibrated_on=1,
    images=1,
    accuracy=1.0,
    accuracy_in_float32=1.0,
    changed_labels=0,
    largest_difference=0.0,
    mean_difference=0.0,
)
CARD = a_card(files=DIGESTS, out_of_distribution=FLAGS, quantised=QUANTISED)


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    return write_package(tmp_path / "model", CARD, FILES)


def test_what_was_written_is_loaded(package: ModelPackage) -> None:
    assert load_package(package.directory) == package
    assert package.card == CARD
    assert package.read(PackageFile.ONNX) == b"model.onnx"


def test_the_model_digest_is_that_of_the_card(package: ModelPackage) -> None:
    assert package.digest == sha256_of_file(package.directory / CARD_NAME)


def test_another_threshold_is_another_model(package: ModelPackage) -> None:
    card = package.directory / CARD_NAME
    card.write_text(card.read_text().replace('"threshold": 0.5', '"threshold": 0.6'))
    assert load_package(package.directory).digest != package.digest


@pytest.mark.parametrize("name", [CARD_NAME, *PackageFile])
def test_a_missing_file_is_named(package: ModelPackage, name: str) -> None:
    (package.directory / name).unlink()
    with pytest.raises(ModelPackageError, match=f"lacks .*{name}"):
        load_package(package.directory)


def test_a_file_that_cannot_be_read_is_named(package: ModelPackage) -> None:
    (package.directory / CARD_NAME).unlink()
    (package.directory / CARD_NAME).mkdir()
    with pytest.raises(ModelPackageError, match=r"card\.json of the model package cannot be read: Is a directory"):
        load_package(package.directory)


@pytest.mark.parametrize("name", list(PackageFile))
def test_an_altered_file_is_refused_with_both_digests(package: ModelPackage, name: PackageFile) -> None:
    (package.directory / name).write_bytes(b"something else")
    with pytest.raises(ModelPackageError, match=f"{sha256_of_bytes(b'something else')}.*{DIGESTS[name]}"):
        load_package(package.directory)


def test_a_file_altered_after_loading_is_refused_too(package: ModelPackage) -> None:
    (package.directory / PackageFile.ONNX).write_bytes(b"swapped")
    with pytest.raises(ModelPackageError, match="is not the file"):
        package.read(PackageFile.ONNX)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', "null"])
def test_a_malformed_card_is_refused(package: ModelPackage, text: str) -> None:
    (package.directory / CARD_NAME).write_text(text)
    with pytest.raises(ModelPackageError, match=r"card\.json is no valid model card"):
        load_package(package.directory)


@pytest.mark.parametrize("entry", ["preprocess", "threshold", "clinical_meaning", "limits", "files", "held_out"])
def test_a_card_must_say_everything(package: ModelPackage, entry: str) -> None:
    path = package.directory / CARD_NAME
    card = json.loads(path.read_text())
    del card[entry]
    path.write_text(json.dumps(card))
    with pytest.raises(ModelPackageError, match=entry):
        load_package(package.directory)


def test_a_card_that_names_no_weights_is_refused(package: ModelPackage) -> None:
    path = package.directory / CARD_NAME
    card = json.loads(path.read_text())
    del card["files"]["model.onnx"]
    path.write_text(json.dumps(card))
    with pytest.raises(ModelPackageError, match=r"names no model\.onnx"):
        load_package(package.directory)


def test_statistics_and_what_the_card_says_of_them_come_together() -> None:
    with pytest.raises(ValidationError, match="come together"):
        a_card(files=DIGESTS)
    with pytest.raises(ValidationError, match="come together"):
        a_card(out_of_distribution=FLAGS)


def test_the_threshold_is_the_one_that_was_chosen() -> None:
    choice = Threshold(probability=0.4, asked_sensitivity=0.95, validation_sensitivity=1.0, validation_specificity=1.0)
    assert a_card(threshold=0.4, threshold_choice=choice).point.threshold == 0.4
    with pytest.raises(ValidationError, match="different probabilities"):
        a_card(threshold=0.5, threshold_choice=choice)


def test_a_card_of_an_earlier_schema_says_what_to_do(package: ModelPackage) -> None:
    path = package.directory / CARD_NAME
    path.write_text(path.read_text().replace('"schema_version": 2', '"schema_version": 1'))
    with pytest.raises(ModelPackageError, match=r"earlier schema_version.*smearflow train"):
        load_package(package.directory)


@pytest.mark.parametrize("fails", ["write_bytes", "write_text"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, fails, full)
    with pytest.raises(ModelPackageError, match=r"No space left on device\. Nothing of it was kept"):
        write_package(tmp_path / "model", CARD, FILES)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="nowhere"):
        write_package(tmp_path / "nowhere" / "model", CARD, FILES)


def test_no_folder_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="not a folder"):
        load_package(tmp_path / "nowhere")


def test_a_package_is_never_overwritten(package: ModelPackage) -> None:
    with pytest.raises(ModelPackageError, match="exists already"):
        write_package(package.directory, CARD, FILES)
    assert load_package(package.directory) == package


def test_nothing_is_left_of_a_package_that_does_not_agree_with_its_card(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="is not the file"):
        write_package(tmp_path / "model", CARD, {**FILES, PackageFile.ONNX: b"other"})
    assert list(tmp_path.iterdir()) == []


def test_weights_that_do_not_fit_are_a_permanent_error(package: ModelPackage) -> None:
    with pytest.raises(PermanentError, match="do not fit"):
        network_of(package)


@pytest.mark.parametrize(
    ("probability", "label"),
    [
        (0.0, Label.NO_BLAST_FEATURES),
        (0.499, Label.NO_BLAST_FEATURES),
        (0.5, Label.SUSPICIOUS),
        (1.0, Label.SUSPICIOUS),
    ],
)
def test_label_by_threshold(probability: float, label: Label) -> None:
    assert CARD.label_of(probability) is label


def test_a_card_cannot_be_changed() -> None:
    card = CARD
    with pytest.raises(ValidationError, match="frozen"):
        card.threshold = 0.1  # type: ignore[misc]


def test_every_card_says_research_use_only() -> None:
    assert "Research use only" in ModelCard.model_fields["research_use"].default
