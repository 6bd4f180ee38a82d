"""Locked test sets share nothing with what models are trained on, whatever the files are called."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select, update

from cloud_service.database import snapshot, transaction
from cloud_service.datasets.locked import LockedImagesError, locked_sets, require_none_locked
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import EVERYWHERE, Dataset, DatasetImage, DatasetImport, Site, TrainingJob
from tests.support.dataset_administrator import Administrator
from tests.support.dataset_archives import class_folders, picture, with_manifest, work_off, zipped
from tests.support.web import ApiServer

LOCKED = {"purpose": "locked-test"}


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[Administrator]:
    with server_on_both.client() as client:
        yield Administrator(server_on_both, client)


def test_a_locked_image_is_found_under_any_name_and_in_any_dress(admin: Administrator) -> None:
    admin.kept(zipped(class_folders()), "test set", **LOCKED)
    same = class_folders(100) | {"hem/other-name.png": picture(0)}
    dressed = class_folders(100) | {"all/z.jpg": picture(1, turned=1, side=96, form="JPEG")}

    renamed, turned = admin.checked(zipped(same)), admin.checked(zipped(dressed))

    assert (renamed["state"], renamed["report"]["shared_count"]) == ("refused", 1)
    assert renamed["reason"].startswith(
        "1 image is also in version 1 of 'test set': hem/other-name.png is the same file as all/0.png."
    )
    assert "What models are trained on and what they are measured on must share none." in renamed["reason"]
    (shared,) = turned["report"]["shared"]
    assert (turned["state"], shared["path"], shared["other_path"]) == ("refused", "all/z.jpg", "hem/0.png")
    assert (shared["is_locked"], shared["is_same_file"]) == (True, False)
    assert admin.checked(zipped(class_folders(100)))["state"] == "checked"


def test_a_locked_set_takes_nothing_that_was_ever_trained_on(admin: Administrator) -> None:
    trained = admin.kept(zipped(class_folders()))
    assert admin.client.delete(f"/api/v1/datasets/{trained['id']}").status_code == 200

    locked = admin.checked(zipped(class_folders(100) | {"all/x.png": picture(0)}), "test set", **LOCKED)

    assert locked["state"] == "refused"
    assert locked["reason"].startswith("1 image is also in version 1 of 'fields'")
    assert locked["report"]["shared"][0]["is_locked"] is False


def test_a_patient_of_a_locked_set_is_no_patient_to_train_on(admin: Administrator) -> None:
    admin.kept(zipped(with_manifest()), "test set", **LOCKED)

    refused = admin.checked(zipped(with_manifest(100)))

    assert refused["state"] == "refused"
    assert refused["reason"].startswith("1 group is also in version 1 of 'test set': patient-0. What models")
    assert refused["reason"].endswith("give them other names in a manifest.")
    assert admin.checked(zipped(with_manifest(100, prefix="other")))["state"] == "checked"


def test_what_came_while_an_import_was_under_way_counts_too(admin: Administrator) -> None:
    """Both are checked before either is kept: the later one is refused when it would be kept."""
    checked = admin.checked(zipped(class_folders()))
    locked = admin.checked(zipped(class_folders()), "test set", **LOCKED)
    assert (checked["state"], locked["state"]) == ("checked", "checked")
    for one in (checked, locked):
        assert admin.client.post(f"/api/v1/datasets/imports/{one['id']}/confirm").status_code == 200

    work_off(admin.server.engine, admin.server.blobs)

    assert admin.get(f"/imports/{checked['id']}")["state"] == "imported"
    late = admin.get(f"/imports/{locked['id']}")
    assert late["state"] == "refused"
    assert "2 images are also in version 1 of 'fields'" in late["reason"]
    assert [row["name"] for row in admin.get("")] == ["fields"]


def test_nothing_is_trained_on_that_is_locked(admin: Administrator) -> None:
    trained = UUID(admin.kept(zipped(class_folders()))["id"])
    locked = UUID(admin.kept(zipped(class_folders(100)), "test set", **LOCKED)["id"])
    engine = admin.server.engine
    with transaction(engine) as session:
        with pytest.raises(LockedImagesError, match="is a locked test set: nothing is trained on it"):
            require_none_locked(session, [trained, locked])
        with pytest.raises(NotFoundError):
            require_none_locked(session, [UUID(int=1)])
    with transaction(engine) as session:  # as if an image had slipped in
        pattern = select(DatasetImage.pattern).where(
            DatasetImage.dataset_id == locked, DatasetImage.name == "all/0.png"
        )
        mine = (DatasetImage.dataset_id == trained, DatasetImage.name == "hem/0.png")
        session.execute(update(DatasetImage).where(*mine).values(pattern=session.scalars(pattern).one()))
    with (
        transaction(engine) as session,
        pytest.raises(LockedImagesError, match=r"hem/0.png looks the same as all/0.png.*Train on a data set without"),
    ):
        require_none_locked(session, [trained])
    other = UUID(admin.kept(zipped(class_folders(200)), "others")["id"])
    for _ in range(2):  # the second time from memory
        with transaction(engine) as session:
            require_none_locked(session, [other])
    assert admin.client.delete(f"/api/v1/datasets/{trained}").status_code == 200
    with transaction(engine) as session, pytest.raises(ConflictError, match="is removed: name another one"):
        require_none_locked(session, [trained])


def test_the_locked_sets_of_a_site_are_its_own_and_those_of_all(admin: Administrator) -> None:
    with transaction(admin.server.engine) as session:
        session.add_all([Site(id="north"), Site(id="south")])
    admin.kept(zipped(class_folders(0)), "all sites", **LOCKED)
    admin.kept(zipped(class_folders(100)), "of north", site="north", **LOCKED)
    admin.kept(zipped(class_folders(200)), "of north", site="north", **LOCKED)
    admin.kept(zipped(class_folders(300)), "to train on")

    with snapshot(admin.server.engine) as session:
        found = {scope: [(row.name, row.number) for row in locked_sets(session, scope)] for scope in SCOPES}
    assert found == {
        "north": [("all sites", 1), ("of north", 2)],
        "south": [("all sites", 1)],
        EVERYWHERE: [("all sites", 1), ("of north", 2)],
    }


SCOPES = ("north", "south", EVERYWHERE)


def test_a_version_is_removed_only_once_nothing_needs_it(admin: Administrator) -> None:
    dataset = admin.kept(zipped(class_folders()))
    engine, address = admin.server.engine, f"/api/v1/datasets/{dataset['id']}"
    with transaction(engine) as session:
        job = TrainingJob(id=UUID(int=5), kind="assess", subject="m" * 64, created_by="tester")
        job.parameters = {"datasets": [{"digest": dataset["digest"]}]}
        session.add(job)
    for state in ("waiting", "running"):
        with transaction(engine) as session:
            session.get_one(TrainingJob, UUID(int=5)).state = state
        told = admin.client.delete(address)
        assert told.status_code == 409
        assert told.json()["detail"] == (
            f"Version 1 of 'fields' is needed by the assess job {UUID(int=5)}, which is {state}. Cancel the job, or "
            "wait for its end."
        )
    with transaction(engine) as session:
        session.get_one(TrainingJob, UUID(int=5)).state = "done"

    removed = admin.client.delete(address).json()
    assert (removed["removed_by"], removed["removed_at"] is not None) == ("administrator", True)
    assert "was removed already" in admin.client.delete(address).json()["detail"]
    assert [row["removed_by"] for row in admin.get("")] == ["administrator"]
    again = admin.kept(zipped(class_folders()))  # the same, under the next number
    assert again["number"] == 2
    with snapshot(engine) as session:
        assert len(session.scalars(select(DatasetImport)).all()) == 2
        assert {row.number for row in session.scalars(select(Dataset))} == {1, 2}
