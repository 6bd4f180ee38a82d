"""Model packages: a folder with the ONNX file, the weights and the card that vouches for both.

The *model digest* is the SHA-256 of card.json as it stands in the folder. The card names the SHA-256 of every other
file, so the digest identifies weights, graph, threshold and preprocessing together, and anybody can
check it with `sha256sum card.json`.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cloud_service.ml.model_card import ModelCard, PackageFile
from shared.errors import PermanentError
from shared.identifiers import Sha256, sha256_of_bytes

__all__ = ["CARD_NAME", "ModelPackage", "ModelPackageError", "PackageFile", "load_package", "write_package"]

CARD_NAME = "card.json"
_ALWAYS = (PackageFile.ONNX, PackageFile.WEIGHTS)


class ModelPackageError(PermanentError):
    """A model package is missing something or not what its card says; the text names the file and what to do."""


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A verified model package. Made by `load_package`."""

    directory: Path
    card: ModelCard
    digest: Sha256  # the model digest (see the module's text)

    def read(self, name: PackageFile) -> bytes:
        """The content of one file, checked against the card at this very reading.

        Raises:
            ModelPackageError: the card does not name the file, it is missing, or it has changed.
        """
        path = self.directory / name
        expected = self.card.files.get(name)
        if expected is None:
            raise ModelPackageError(
                f"The card of the model package {self.directory} names no {name}; export the model again."
            )
        content = _read(path)
        found = sha256_of_bytes(content)
        if found != expected:
            raise ModelPackageError(
                f"{path} is not the file that the model's card names: its SHA-256 is {found}, the card says "
                f"{expected}. Do not use it; take the package again from where it came from."
            )
        return content


def load_package(directory: Path) -> ModelPackage:
    """The model package in `directory`, once its card is valid and each file has the digest that the card names.

    Raises:
        ModelPackageError: the folder, its card or a file is missing, malformed or altered.
    """
    if not directory.is_dir():
        raise ModelPackageError(f"The model package {directory} is not a folder; train one or name another.")
    content = _read(directory / CARD_NAME)
    try:
        card = ModelCard.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(step) for step in fault["loc"]) or "the whole"
        raise ModelPackageError(
            f"{directory / CARD_NAME} is no valid model card: {where}: {fault['msg']}. A card of an earlier "
            "schema_version is not read; make the package again with `smearflow train`."
        ) from error
    package = ModelPackage(directory=directory, card=card, digest=sha256_of_bytes(content))
    for name in {*_ALWAYS, *card.files}:
        package.read(name)
    return package


def write_package(directory: Path, card: ModelCard, files: Mapping[PackageFile, bytes]) -> ModelPackage:
    """Writes a package to a new folder, whole or not at all, and loads it.

    Args:
        directory: must not exist yet, its parent must.
        card: whose `files` name the digests of `files`.
        files: content of each file.

    Raises:
        ModelPackageError: the folder exists already, card and files do not agree, or the disk is full or not writable;
            nothing is left of the package then.
    """
    if directory.exists():
        raise ModelPackageError(
            f"{directory} exists already; a model package is never overwritten. Choose another folder."
        )
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        (draft / CARD_NAME).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n")
        load_package(draft)
        draft.chmod(0o755)  # mkdtemp's own mode would hide the package from the other services
        os.replace(draft, directory)  # noqa: PTH105 - a folder, in one step
    except OSError as error:
        raise _unwritable(directory, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_package(directory)


def _unwritable(directory: Path, error: OSError) -> ModelPackageError:
    return ModelPackageError(
        f"The model package {directory} cannot be written: {error.strerror}. Nothing of it was kept; free some "
        "space or name another folder."
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelPackageError(
            f"The model package lacks {path}. A model without its card and all its files does not load; "
            "export it again."
        ) from error
    except OSError as error:
        raise ModelPackageError(
            f"{path} of the model package cannot be read: {error.strerror}. Mend its rights, or take the package again."
        ) from error
