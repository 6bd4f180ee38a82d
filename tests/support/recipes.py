"""Data sets that lie in the cloud already, and recipes for them that take seconds."""

import io
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.queries import last_number
from cloud_service.datasets.report import DatasetReport
from cloud_service.ml.datasets.fingerprints import fingerprint_of
from cloud_service.ml.datasets.patterns import pattern_bytes
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.settings import TrainingSettings
from cloud_service.models import Dataset, DatasetImage
from cloud_service.training.recipes import RecipeDraft
from cloud_service.vocabulary import DatasetPurpose
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import open_image
from shared.imaging.preprocess import PreprocessSpec
from tests.support.datasets import add_dataset

SMALL: dict[str, Any] = {
    "network": NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    "preprocess": PreprocessSpec(size=32, draft_edge=None),
}
Labelled = Mapping[str, tuple[bytes, bool]]
"""Images by name, each with whether it shows ALL."""


def small_draft(*datasets: UUID, **training: object) -> RecipeDraft:
    """A recipe of seconds with these TrainingSettings."""
    settings = {"epochs": 2, "batch_size": 4, "augmentation": "square", "device": "cpu"} | training
    return RecipeDraft(**SMALL, training=TrainingSettings.model_validate(settings), datasets=datasets)


def spots(seed: int, *, is_all: bool) -> bytes:
    """Coarse noise as a PNG, dark where it is ALL; each seed looks like no other."""
    darkest = 20 if is_all else 150
    coarse = np.random.default_rng(seed).integers(darkest, darkest + 100, (5, 5, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def labelled(count: int = 24, *, first: int = 0) -> dict[str, tuple[bytes, bool]]:
    """So many images, every other one with ALL; `first` decides which, so that sets far apart share none."""
    return {
        f"{number:03}.png": (spots(number, is_all=bool(number % 2)), bool(number % 2))
        for number in range(first, first + count)
    }


def add_images(
    session: Session,
    blobs: BlobStore,
    images: Labelled | None = None,
    *,
    name: str = "fields",
    purpose: DatasetPurpose = DatasetPurpose.TRAINING,
) -> Dataset:
    """Keep images as the next version of a data set, each a group of its own."""
    images = labelled() if images is None else images
    dataset = add_dataset(
        session,
        name=name,
        number=last_number(session, name) + 1,
        purpose=purpose,
        digest=_digest(images),
        images=len(images),
        positives=sum(is_all for _, is_all in images.values()),
        groups=len(images),
        report=_report(images, _digest(images)),
    )
    for image_name, (content, is_all) in images.items():
        sha256 = sha256_of_bytes(content)
        blobs.put(sha256, content)
        session.add(
            DatasetImage(
                dataset_id=dataset.id,
                name=image_name,
                sha256=sha256,
                byte_size=len(content),
                is_all=is_all,
                group=image_name,
                kind="unnamed",
                class_name="ALL" if is_all else "not ALL",
                pattern=pattern_bytes(fingerprint_of(content, open_image(content)).pattern),
            )
        )
    session.flush()
    return dataset


def _report(images: Labelled, digest: str) -> dict[str, Any]:
    """What a dry run would have said."""
    with_all = sum(is_all for _, is_all in images.values())
    lists = ("classes", "sizes", "unreadable", "duplicates", "predictors", "shared", "clashes", "left_out", "warnings")
    counts = ("marked_blasts", "unreadable_count", "duplicate_count", "shared_count", "clash_count")
    groups = {"count": len(images), "smallest": 1, "median": 1.0, "largest": 1, "with_both_labels": 0}
    told = {"layout": "manifest", "images": len(images), "with_all": with_all, "without": len(images) - with_all}
    told |= {key: [] for key in lists} | dict.fromkeys(counts, 0)
    report = DatasetReport.model_validate(told | {"kinds": {}, "groups": groups, "digest": digest})
    return report.model_dump(mode="json")


def _digest(images: Labelled) -> str:
    with TemporaryDirectory() as folder:
        samples = []
        for name, (content, is_all) in images.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            samples.append(Sample(path, is_all, group=name))
        return dataset_digest(samples, Path(folder))
