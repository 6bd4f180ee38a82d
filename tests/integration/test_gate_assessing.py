"""A model measured against the one in service: with real packages, and everything that may be wrong with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot, transaction
from cloud_service.errors import ConflictError
from cloud_service.gate.assess_job import Assess
from cloud_service.gate.queries import assessment_detail
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.models import (
    AuditEntry,
    ModelVersion,
)
from cloud_service.vocabulary import DatasetPurpose, ImpactChange
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes
from tests.support.gate import (
    Heard,
    ask,
    check,
    crops,
    prepare,
)
from tests.support.gate_bench import Bench, a_bench, package_of
from tests.support.model_packages import SMALL_NETWORK, SPEC, random_network

CALLS_NOTHING_SUSPICIOUS: dict[str, Any] = {"threshold": 1.0 - 1e-6, "abstain_band": None, "coverage": None}


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str) -> Iterator[Bench]:
    yield from a_bench(tmp_path, sqlite_url)


@pytest.fixture
def bench_on_both(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    yield from a_bench(tmp_path, database_url)


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    return crops(8)


def test_a_model_is_compared_checked_and_kept(bench_on_both: Bench, images: list[bytes]) -> None:
    bench = bench_on_both
    set_id = bench.lock(images)
    blast, other = images[0], images[1]
    missed = bench.sign(1, "suspicious", blast)
    bench.sign(2, "no_blast_features", other)
    challenger = bench.variant(**CALLS_NOTHING_SUSPICIOUS)

    assessment = bench.assess(challenger, promises=(Measure.ROC_AUC,))

    assert (assessment.model_digest, assessment.champion_digest) == (challenger, bench.champion)
    assert assessment.passed is False
    passed = {name["name"]: name["passed"] for name in assessment.checks}
    assert passed == {
        "package": True,
        "input": True,
        "parity": True,
        "test-sets": True,
        "sensitivity": False,
        "promises": True,  # its order of images is the same
        "calibration": True,
        "speed": passed["speed"],  # it is the same network, on whatever else this machine does
        "signed-cases": False,
    }
    assert "sensitivity 0.0 % (in service" in check(assessment, "sensitivity")["text"]
    assert "it calls 0 so, the model in service 1" in check(assessment, "signed-cases")["text"]
    with snapshot(bench.engine) as session:
        detail = assessment_detail(session, assessment.id)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "model-assessed")).one()
    assert detail.overtaken is None
    (measured,) = detail.figures.test_sets
    assert (measured.dataset_id, measured.images, measured.positives, measured.groups) == (set_id, 8, 4, 8)
    assert measured.comparison.champion is not None
    assert measured.comparison.challenger.confusion.hits == 0
    assert measured.comparison.with_all is not None
    assert measured.comparison.with_all.only_champion == measured.comparison.champion.confusion.hits
    assert detail.figures.speed is not None
    assert detail.figures.speed.ratio is not None
    (found,) = detail.impact
    assert (found.case_id, found.change) == (missed, ImpactChange.MISSED)
    assert (found.champion_answer, found.challenger_answer) == ("suspicious", "no_blast_features")
    assert [image.verdict for image in found.images] == [True]
    assert (entry.actor, entry.subject) == ("a.lang", challenger)


def test_without_a_locked_test_set_the_gate_says_what_to_do(bench: Bench) -> None:
    assessment = bench.assess(bench.variant(threshold=0.5))

    assert not assessment.passed
    advice = check(assessment, "test-sets")["advice"]
    assert "smearflow dataset import FOLDER --name NAME --purpose locked-test" in advice
    assert check(assessment, "sensitivity")["passed"] is None
    assert "there is no locked test set" in check(assessment, "sensitivity")["text"]


def test_a_small_test_set_shows_nothing_and_that_is_said(bench: Bench, images: list[bytes]) -> None:
    bench.lock(images)

    assessment = bench.assess(bench.variant(name="same-answers", version="3"))

    text = check(assessment, "sensitivity")["text"]
    assert "difference +0.0 points" in text
    assert "a loss of more than 5 points is not excluded" in text
    assert "holds 4 groups (patients, smears) with ALL; to exclude it takes 72" in text


def test_a_site_is_measured_on_its_own_sets_and_those_of_all(bench: Bench, images: list[bytes]) -> None:
    bench.sign(1, "suspicious", images[0])  # brings the site
    bench.lock(images[:2], name="overall")
    bench.lock(images[2:4], name="of north", site="north")
    bench.lock(images[4:6], name="to train on", purpose=DatasetPurpose.TRAINING)

    assessment = bench.assess(bench.variant(threshold=0.5), scope="north")

    assert [measured["name"] for measured in assessment.figures["test_sets"]] == ["of north", "overall"]


def test_a_package_that_has_changed_is_not_measured(bench: Bench, images: list[bytes]) -> None:
    bench.lock(images[:2])
    challenger = bench.variant(threshold=0.5)
    with snapshot(bench.engine) as session:
        name = session.get_one(ModelVersion, challenger).package_sha256
    assert name is not None
    (kept,) = [file for file in (bench.folder / "blobs").rglob(name) if file.is_file()]
    kept.chmod(0o644)
    kept.write_bytes(b"another package")

    assessment = bench.assess(challenger)

    assert not assessment.passed
    assert check(assessment, "package")["passed"] is False
    assert "in the blob store has changed" in check(assessment, "package")["text"]
    assert {found["passed"] for found in assessment.checks[1:]} == {None}


def test_runtimes_that_disagree_are_told_of(bench: Bench, images: list[bytes], tmp_path: Path) -> None:
    bench.lock(images[:2])
    trained = random_network()
    another = DeployedNetwork(SECNN(SMALL_NETWORK), SPEC).eval()
    package = package_of(tmp_path / "mixed", trained, another, preprocess=SPEC)

    assessment = bench.assess(bench.register(package))

    parity = check(assessment, "parity")
    assert parity["passed"] is False
    assert "smearflow model renew" in parity["advice"]


def test_another_input_size_is_a_reason_against_it(bench: Bench, images: list[bytes], tmp_path: Path) -> None:
    bench.lock(images[:2])
    spec = SPEC.model_copy(update={"size": 96, "draft_edge": None})
    network = random_network(spec=spec)
    package = package_of(tmp_path / "small", network, network, preprocess=spec)

    assessment = bench.assess(bench.register(package))

    found = check(assessment, "input")
    assert found["passed"] is False
    assert "It takes images of 96 x 96 pixels, the model in service 224 x 224" in found["text"]
    assert "Train it with size 224" in found["advice"]
    assert check(assessment, "parity")["passed"] is True


def test_a_model_trained_on_the_test_set_is_found_out(bench: Bench, images: list[bytes]) -> None:
    challenger = bench.variant()
    with snapshot(bench.engine) as session:
        trained_on = session.get_one(ModelVersion, challenger).card["training"]["data_digest"]
    bench.lock(images[:2], name="stolen", digest=trained_on)

    assessment = bench.assess(challenger)

    assert "it was trained on 'stolen', which is a locked test set" in check(assessment, "test-sets")["text"]


def test_a_champion_that_cannot_be_loaded_is_named(bench: Bench, images: list[bytes]) -> None:
    bench.lock(images[:2])
    challenger = bench.variant(threshold=0.5)
    with transaction(bench.engine) as session:
        session.get_one(ModelVersion, bench.champion).package_sha256 = None

    assessment = bench.assess(challenger)

    found = check(assessment, "sensitivity")
    assert found["passed"] is None
    assert "the model in service could not be used to compare with: The package of model" in found["text"]


def test_a_lost_image_of_a_test_set_fails_the_job_in_words(bench: Bench, images: list[bytes]) -> None:
    bench.lock(images[:2], name="torn")
    job_id = ask(bench.engine, bench.variant(threshold=0.5))
    prepare(bench.engine, bench.blobs, job_id, bench.folder / "job")
    bench.blobs.delete(sha256_of_bytes(images[1]))

    with pytest.raises(PermanentError, match="is missing in the blob store"):
        Assess().work(bench.folder / "job", bench.blobs, Heard())


def test_a_second_assessment_waits_for_the_first_and_a_champion_has_none(bench: Bench) -> None:
    challenger = bench.variant(threshold=0.5)
    ask(bench.engine, challenger)

    with pytest.raises(ConflictError, match="is being assessed for all sites without a model of their own already"):
        ask(bench.engine, challenger)
    with pytest.raises(ConflictError, match=r"is in service .* itself: there is nothing to compare it with"):
        ask(bench.engine, bench.champion)
