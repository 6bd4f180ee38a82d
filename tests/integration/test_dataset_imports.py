"""Data sets on their way in over the API: the dry run's report, what is kept, and what is refused in words."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot, transaction
from cloud_service.datasets.leftovers import KEPT_FOR
from cloud_service.models import AuditEntry, Dataset, DatasetImage, DatasetImport, Event, TrainingJob, now
from shared.identifiers import sha256_of_bytes
from tests.support.dataset_administrator import Administrator
from tests.support.dataset_archives import class_folders, picture, send, tarred, with_manifest, work_off, zipped
from tests.support.registry import add_model
from tests.support.web import ApiServer, a_problem, web_settings


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[Administrator]:
    with server_on_both.client() as client:
        yield Administrator(server_on_both, client)


def test_an_archive_becomes_a_version_of_a_data_set(admin: Administrator) -> None:
    files = with_manifest(groups=1)
    checked = admin.checked(tarred({f"fields/{name}": content for name, content in files.items()}), file_name="f.tgz")

    report = checked["report"]
    assert (checked["state"], checked["layout"], checked["reason"]) == ("checked", "manifest", None)
    assert (report["images"], report["with_all"], report["without"]) == (2, 1, 1)
    assert (report["groups"]["count"], report["groups"]["with_both_labels"]) == (1, 1)
    assert admin.get("") == []
    picture_ = admin.client.get(f"/api/v1/datasets/imports/{checked['id']}/sheet")
    assert Image.open(io.BytesIO(picture_.content)).width > 1000

    admin.client.post(f"/api/v1/datasets/imports/{checked['id']}/confirm")
    work_off(admin.server.engine, admin.server.blobs)

    (dataset,) = admin.get("")
    assert (dataset["name"], dataset["number"], dataset["images"], dataset["positives"], dataset["groups"]) == (
        "fields",
        1,
        2,
        1,
        1,
    )
    assert (dataset["digest"], dataset["created_by"]) == (report["digest"], "administrator")
    assert admin.get(f"/{dataset['id']}")["report"] == report
    with snapshot(admin.server.engine) as session:
        images = session.scalars(select(DatasetImage).order_by(DatasetImage.name)).all()
        audited = session.scalars(select(AuditEntry.action).order_by(AuditEntry.position)).all()
        states = [event.payload["state"] for event in session.scalars(select(Event).where(Event.kind == "dataset"))]
        jobs = session.scalars(select(TrainingJob).order_by(TrainingJob.created_at)).all()
    assert {image.name: admin.server.blobs.get(image.sha256) for image in images} == {
        name: content for name, content in files.items() if name != "manifest.csv"
    }
    assert {(image.group, image.kind) for image in images} == {("patient-0", "field")}
    assert audited[-2:] == ["dataset-import-begun", "dataset-imported"]
    assert states == ["waiting", "checked", "importing", "imported"]
    assert [job.result for job in jobs][1] == {
        "import": checked["id"],
        "state": "imported",
        "dataset": dataset["id"],
        "name": "fields",
        "number": 1,
        "digest": dataset["digest"],
    }


def test_versions_are_numbered_and_the_same_is_not_kept_twice(admin: Administrator) -> None:
    first = admin.kept(zipped(class_folders()))
    second = admin.kept(tarred(class_folders(each=2)))
    again = admin.checked(zipped({f"packed/{name}": content for name, content in class_folders().items()}))

    assert [(row["number"], row["id"]) for row in admin.get("")] == [(2, second["id"]), (1, first["id"])]
    assert (again["state"], again["dataset_id"]) == ("refused", first["id"])
    assert again["reason"] == "Version 1 of 'fields' holds just these images and labels already: use that one."
    other = admin.checked(zipped(class_folders()), "others")
    assert other["state"] == "checked"
    assert any("2 of the images are also in 'fields'" in warning for warning in other["report"]["warnings"])


def manifest_of(changed: str, into: str) -> dict[str, bytes]:
    """A data set whose manifest says something else."""
    files = with_manifest()
    return files | {"manifest.csv": files["manifest.csv"].replace(changed.encode(), into.encode())}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            zipped({f"all/{number}.png": picture(number) for number in range(3)}),
            "sent.zip needs images with ALL and without; it holds 3 with one label only.",
        ),
        (zipped({"notes.txt": b"nothing"}), "sent.zip fits no layout"),
        (zipped({"cells/a.png": picture(1), "hem/b.png": picture(2)}), "sent.zip: the class 'cells' is not known"),
        (zipped(class_folders() | {"../../etc/cron.d/x": b"x"}), "leaves the archive's folder"),
        (
            zipped({"all/a.png": b"no image", "hem/b.png": picture(2)}),
            "Of those that can be used there are 1 without ALL; 1 cannot be read, the first of them all/a.png",
        ),
        (zipped(manifest_of("patient", "p" * 200)), "longer than 200 characters"),
        (zipped(manifest_of("images/0-ALL", "images/../images/0-ALL")), "leads through a folder above"),
        (zipped(manifest_of("images/0-ALL", "../0-ALL")), "leaves the data set's folder"),
        (zipped(manifest_of("patient", "pat\u200bient")), "characters that cannot be shown"),
        (zipped(class_folders())[:-30], "damaged"),
        (b"a text", "no ZIP, tar or tar.gz file"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(server: ApiServer, content: bytes, reason: str) -> None:
    with server.client() as client:
        admin = Administrator(server, client)
        found = admin.checked(content, file_name="sent.zip")
        assert (found["state"], found["ended_at"] is not None) == ("refused", True)
        assert reason in found["reason"]
        assert "/tmp" not in found["reason"]  # noqa: S108 - no file is made
        assert admin.get("") == []


def test_images_that_cannot_be_read_are_left_out_and_told(admin: Administrator) -> None:
    dataset = admin.kept(zipped(class_folders() | {"all/broken.png": picture(99)[:60], "hem/text.png": b"text"}))

    assert (dataset["images"], dataset["report"]["unreadable_count"]) == (2, 2)
    assert {file["path"] for file in dataset["report"]["unreadable"]} == {"all/broken.png", "hem/text.png"}
    assert "2 images cannot be read and are left out of the data set." in dataset["report"]["warnings"]


def test_duplicates_and_what_betrays_the_class_are_told(server: ApiServer) -> None:
    files = class_folders(each=3) | {"all/copy.png": picture(0), "hem/turned.png": picture(2, turned=1)}
    with server.client() as client:
        report = Administrator(server, client).checked(zipped(files))["report"]

    assert report["duplicate_count"] == 2
    assert {same["likeness"] for same in report["duplicates"]} == {"exact", "near"}
    assert [predictor["name"] for predictor in report["predictors"]] == [
        "image size",
        "background colour",
        "corners",
        "colours",
    ]


def test_the_layout_that_was_named_is_taken(admin: Administrator) -> None:
    files = {f"set/img/Im{number:03}_{number % 2}.png": picture(number) for number in range(2)}
    assert admin.checked(zipped(files))["layout"] == "all-idb2"
    assert "manifest.csv" in admin.checked(zipped(files), layout="manifest")["reason"]


def test_a_person_may_decide_against_it_at_every_step(admin: Administrator) -> None:
    waiting = send(admin.client, zipped(class_folders()))
    dropped = admin.client.post(f"/api/v1/datasets/imports/{waiting['id']}/drop").json()
    assert (dropped["state"], dropped["ended_at"] is not None) == ("dropped", True)
    with snapshot(admin.server.engine) as session:
        job = session.scalars(select(TrainingJob)).one()
    assert (job.state, job.reason) == ("cancelled", "administrator cancelled it.")

    checked = admin.checked(zipped(class_folders()))
    assert admin.client.post(f"/api/v1/datasets/imports/{checked['id']}/drop").json()["state"] == "dropped"
    for action in ("drop", "confirm"):
        told = a_problem(admin.client.post(f"/api/v1/datasets/imports/{checked['id']}/{action}"), 409)
        assert "is dropped" in told
    assert admin.get("") == []


def test_what_became_of_it_meanwhile_stands(admin: Administrator) -> None:
    """An import that was dropped while its job ran stays dropped."""
    sent = send(admin.client, zipped(class_folders()))
    with transaction(admin.server.engine) as session:
        wanted = session.scalars(select(DatasetImport)).one()
        wanted.state = "dropped"
    work_off(admin.server.engine, admin.server.blobs)
    assert (admin.get(f"/imports/{sent['id']}")["state"], admin.get("")) == ("dropped", [])


def test_names_and_purposes_hold_over_all_versions(admin: Administrator) -> None:
    admin.kept(zipped(class_folders()))
    locked = admin.client.post(
        "/api/v1/datasets/imports", params={"name": "fields", "purpose": "locked-test"}, content=b"x"
    )
    assert "are for training, of all sites" in a_problem(locked, 409)
    nowhere = admin.client.post("/api/v1/datasets/imports", params={"name": "x", "site": "nowhere"}, content=b"x")
    assert "There is no site 'nowhere'" in a_problem(nowhere, 404)
    a_problem(admin.client.post("/api/v1/datasets/imports", params={"name": "../x"}, content=b"x"), 422)
    assert "holds no archive" in a_problem(admin.client.post("/api/v1/datasets/imports?name=x", content=b""), 400)


def test_an_archive_that_is_gone_or_has_changed_is_no_longer_what_was_checked(admin: Administrator) -> None:
    gone = send(admin.client, zipped(class_folders()))
    with snapshot(admin.server.engine) as session:
        sha256 = session.scalars(select(DatasetImport.archive_sha256)).one()
    assert sha256
    admin.server.blobs.delete(sha256)
    work_off(admin.server.engine, admin.server.blobs)
    assert "missing in the blob store. Send it again" in admin.get(f"/imports/{gone['id']}")["reason"]

    checked = admin.checked(zipped(class_folders()))
    other = zipped(class_folders(50))
    admin.server.blobs.put(sha256_of_bytes(other), other)
    with transaction(admin.server.engine) as session:
        wanted = session.scalars(select(DatasetImport).where(DatasetImport.state == "checked")).one()
        wanted.archive_sha256 = sha256_of_bytes(other)
    admin.client.post(f"/api/v1/datasets/imports/{checked['id']}/confirm")
    work_off(admin.server.engine, admin.server.blobs)
    found = admin.get(f"/imports/{checked['id']}")
    assert found["state"] == "refused"
    assert found["reason"].startswith(f"What was checked had the digest {checked['report']['digest']}")
    assert admin.get("") == []


def test_archives_go_once_nobody_needs_them(admin: Administrator) -> None:
    """But not one that is under way, nor one that is a model's package too."""
    engine, blobs = admin.server.engine, admin.server.blobs
    packed = [zipped(class_folders(first)) for first in (0, 50, 100)]
    kept, package = admin.checked(packed[0]), admin.checked(packed[1])
    waiting = admin.checked(packed[2])
    for one in (kept, package):
        admin.client.post(f"/api/v1/datasets/imports/{one['id']}/drop")
    with transaction(engine) as session:
        for wanted in session.scalars(select(DatasetImport).where(DatasetImport.ended_at.is_not(None))):
            wanted.ended_at = now() - KEPT_FOR - timedelta(minutes=1)
        add_model(session, "1", package_sha256=sha256_of_bytes(packed[1]))

    admin.checked(zipped(class_folders(150)))

    assert [blobs.exists(sha256_of_bytes(content)) for content in packed] == [False, True, True]
    assert admin.client.post(f"/api/v1/datasets/imports/{waiting['id']}/confirm").status_code == 200
    work_off(engine, blobs)
    assert admin.get(f"/imports/{waiting['id']}")["state"] == "imported"


def test_a_version_never_changes(admin: Administrator) -> None:
    admin.kept(zipped(class_folders()))
    changes: list[dict[str, Any]] = [{"positives": 7}, {"digest": "0" * 64}, {"removed_by": "x", "images": 1}]
    for change in changes:
        with transaction(admin.server.engine) as session:
            dataset = session.scalars(select(Dataset)).one()
            for name, value in change.items():
                setattr(dataset, name, value)
            with pytest.raises(TypeError, match="never changes"):
                session.flush()
            session.rollback()
    with transaction(admin.server.engine) as session:
        session.scalars(select(DatasetImage)).all()[0].is_all = False
        with pytest.raises(TypeError, match="never changes"):
            session.flush()
        session.rollback()
    with transaction(admin.server.engine) as session:
        session.delete(session.scalars(select(Dataset)).one())
        with pytest.raises(TypeError, match="stays known"):
            session.flush()
        session.rollback()


def test_an_archive_larger_than_is_taken_is_refused_while_it_comes(tmp_path: Path, sqlite_url: str) -> None:
    settings = web_settings(tmp_path, sqlite_url, dataset_archive_max_bytes=1000)
    with ApiServer(settings) as server, server.client() as client:
        told = a_problem(client.post("/api/v1/datasets/imports?name=x", content=bytes(2000)), 400)
        assert "more than 1,000 bytes, the most that is taken" in told
        assert "SMEARFLOW_DATASET_ARCHIVE_MAX_BYTES" in told
        assert client.get("/api/v1/datasets/imports").json() == []
        assert list(server.blobs.digests()) == []


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.TECHNICIAN])
def test_only_administrators_take_data_sets_in(server: ApiServer, role: Role) -> None:
    site = "north" if role is Role.TECHNICIAN else None
    with server.client(role, site=site) as client:
        a_problem(client.post("/api/v1/datasets/imports?name=x", content=b"x"), 403)
        a_problem(client.get("/api/v1/datasets"), 403)
        a_problem(client.get("/api/v1/label-candidates"), 403)
