import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud_service.ml.model_card import ModelCard, PackageFile
from cloud_service.ml.package import CARD_NAME, ModelPackage, ModelPackageError, load_package, write_package
from cloud_service.ml.weights import network_of
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes, sha256_of_file
from shared.vocabulary import Label
from tests.support.model_packages import card_for

FILES = {PackageFile.ONNX: b"graph", PackageFile.WEIGHTS: b"weights"}
DIGESTS = {name: sha256_of_bytes(content) for name, content in FILES.items()}


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    return write_package(tmp_path / "model", card_for(DIGESTS), FILES)


def test_what_was_written_is_loaded(package: ModelPackage) -> None:
    assert load_package(package.directory) == package
    assert package.card == card_for(DIGESTS)
    assert package.read(PackageFile.ONNX) == b"graph"


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


def test_no_folder_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="not a folder"):
        load_package(tmp_path / "nowhere")


def test_a_package_is_never_overwritten(package: ModelPackage) -> None:
    with pytest.raises(ModelPackageError, match="exists already"):
        write_package(package.directory, card_for(DIGESTS), FILES)
    assert load_package(package.directory) == package


def test_nothing_is_left_of_a_package_that_does_not_agree_with_its_card(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="is not the file"):
        write_package(tmp_path / "model", card_for(DIGESTS), {**FILES, PackageFile.ONNX: b"other"})
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
    assert card_for(DIGESTS).label_of(probability) is label


def test_a_card_cannot_be_changed() -> None:
    card = card_for(DIGESTS)
    with pytest.raises(ValidationError, match="frozen"):
        card.threshold = 0.1  # type: ignore[misc]


def test_every_card_says_research_use_only() -> None:
    assert "Research use only" in ModelCard.model_fields["research_use"].default
