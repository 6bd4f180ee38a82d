"""What signed reports teach: labels, their fate as people see it, and data sets of the images of signed cases."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot, transaction
from cloud_service.models import Capture, DatasetImage
from tests.support.dataset_administrator import Administrator
from tests.support.dataset_archives import class_folders, picture, work_off, zipped
from tests.support.reading import DOUBT, Clinician, case_id_of, clinicians
from tests.support.web import ApiServer, a_problem, add_capture, analyse, store

SUSPICIOUS, CLEAR = "a" * 32, "b" * 32
"""The pseudonyms of two cases."""


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[Administrator]:
    with server_on_both.client() as client:
        yield Administrator(server_on_both, client)


@pytest.fixture
def anna(server_on_both: ApiServer) -> Iterator[Clinician]:
    with clinicians(server_on_both, "a.bauer") as (anna,):
        yield anna


def photographed(server: ApiServer, number: int, probability: float, *doubts: str, case: str) -> UUID:
    """A capture that looks like no other, with the model's answer."""
    with transaction(server.engine) as session:
        capture = add_capture(session, number, case_pseudonym=case)
        store(session, server.blobs, capture, picture(number, form="JPEG"))
        analyse(session, capture, probability, *doubts)
        return capture.id


def signed(server: ApiServer, anna: Clinician) -> tuple[UUID, UUID]:
    """Two signed cases: of five images, two have a label."""
    bright = photographed(server, 0, 0.9, case=SUSPICIOUS)
    photographed(server, 1, 0.1, case=SUSPICIOUS)
    doubted = photographed(server, 2, 0.4, DOUBT, case=SUSPICIOUS)
    case_id = case_id_of(server, SUSPICIOUS)
    anna.claim(case_id).read(case_id, "suspicious", conclusion="Blasts.")
    anna.open(case_id, bright)
    anna.judge(case_id, doubted, "cannot_say")
    anna.sign(case_id)
    opened = photographed(server, 3, 0.1, case=CLEAR)
    photographed(server, 4, 0.2, case=CLEAR)
    clear_id = case_id_of(server, CLEAR)
    anna.claim(clear_id).read(clear_id, "no_blast_features")
    anna.open(clear_id, opened)
    anna.sign(clear_id)
    return case_id, clear_id


def from_signed_cases(admin: Administrator, name: str = "Signed cases", **wish: str) -> str:
    begun = admin.client.post("/api/v1/datasets/imports/from-signed-cases", json={"name": name} | wish)
    assert begun.status_code == 201, begun.text
    work_off(admin.server.engine, admin.server.blobs)
    return str(begun.json()["id"])


def keep(admin: Administrator, import_id: str) -> None:
    assert admin.client.post(f"/api/v1/datasets/imports/{import_id}/confirm").status_code == 200
    work_off(admin.server.engine, admin.server.blobs)


def test_what_a_person_signed_becomes_a_data_set_and_the_clinician_sees_it(
    admin: Administrator, anna: Clinician
) -> None:
    case_id, clear_id = signed(admin.server, anna)

    fates = [(one["is_all"], one["fate"], one["words"]) for one in anna.get(f"/cases/{case_id}/label-candidates")]
    assert fates[0] == (True, "waiting", "Waits for the next data set, as ALL.")
    assert fates[1][:2] == (None, "excluded")
    assert fates[1][2].startswith("Excluded: The case was signed as “")
    assert fates[1][2].endswith("and nobody gave a verdict on the image.")
    assert fates[2][:2] == (None, "excluded")
    assert fates[2][2].endswith("which is no label.")
    clear = anna.get(f"/cases/{clear_id}/label-candidates")
    assert [one["words"] for one in clear] == [
        "Waits for the next data set, as not ALL.",
        "Excluded: Who signed the case has neither opened this image nor given a verdict on it.",
    ]
    listed, after = [], None
    while True:
        page = admin.client.get("/api/v1/label-candidates", params={"limit": 2} | ({"after": after} if after else {}))
        listed += [one["fate"] for one in page.json()["candidates"]]
        after = page.json()["next"]
        if after is None:
            break
    assert sorted(listed) == ["excluded"] * 3 + ["waiting"] * 2
    a_problem(anna.client.get("/api/v1/label-candidates"), 403)

    import_id = from_signed_cases(admin)
    checked = admin.get(f"/imports/{import_id}")
    assert (checked["state"], checked["report"]["images"], checked["report"]["groups"]["count"]) == ("checked", 2, 2)
    assert len(checked["report"]["left_out"]) == 3
    assert all(sentence.startswith("1 image left out: ") for sentence in checked["report"]["left_out"])
    keep(admin, import_id)

    (dataset,) = admin.get("")
    assert (dataset["name"], dataset["images"], dataset["positives"]) == ("Signed cases", 2, 1)
    used = anna.get(f"/cases/{case_id}/label-candidates")[0]
    assert (used["fate"], used["words"]) == ("used", "Used as ALL. In version 1 of 'Signed cases'.")
    with snapshot(admin.server.engine) as session:
        for image in session.scalars(select(DatasetImage)):
            assert image.sha256 == session.get_one(Capture, image.capture_id).sha256
            assert image.group in {str(case_id), str(clear_id)}
    assert "holds just these images" in admin.get(f"/imports/{from_signed_cases(admin)}")["reason"]


def test_a_case_that_was_trained_on_is_no_case_to_test_on(admin: Administrator, anna: Clinician) -> None:
    signed(admin.server, anna)
    keep(admin, from_signed_cases(admin))

    locked = admin.get(f"/imports/{from_signed_cases(admin, 'test set', purpose='locked-test')}")

    assert locked["state"] == "refused"
    assert "2 images of 2 cases left out: these cases have images in version 1 of 'Signed cases'." in locked["reason"]


def test_without_signed_labels_there_is_nothing_to_import(admin: Administrator, anna: Clinician) -> None:
    nothing = admin.get(f"/imports/{from_signed_cases(admin)}")
    assert (nothing["state"], nothing["reason"]) == ("refused", "No image of a signed case can be used yet.")

    signed(admin.server, anna)
    later = admin.get(f"/imports/{from_signed_cases(admin, since='2100-01-01T00:00:00Z')}")
    assert later["reason"] == "No image of a signed case can be used yet."


def test_labels_that_contradict_a_signed_verdict_are_refused(admin: Administrator, anna: Clinician) -> None:
    case_id, _ = signed(admin.server, anna)
    files = class_folders(100) | {"hem/x.jpg": picture(0, form="JPEG")}

    found = admin.checked(zipped(files))

    assert found["state"] == "refused"
    assert found["reason"] == (
        "1 label contradicts signed reports: hem/x.jpg is not ALL here, and signed as ALL. Correct the labels, or "
        "leave these images out."
    )
    (clash,) = found["report"]["clashes"]
    assert (clash["path"], clash["is_all"], clash["signed_is_all"], clash["case_id"]) == (
        "hem/x.jpg",
        False,
        True,
        str(case_id),
    )
    keep(admin, from_signed_cases(admin))  # from now on the image is known by its looks too
    turned = class_folders(100) | {"hem/x.png": picture(0, turned=1, side=96)}
    assert "hem/x.png is not ALL here" in admin.checked(zipped(turned), "others")["reason"]


def test_an_amendment_takes_effect(admin: Administrator, anna: Clinician) -> None:
    _, clear_id = signed(admin.server, anna)
    keep(admin, from_signed_cases(admin))
    waiting = from_signed_cases(admin, "others")
    amended = anna.asked_to_amend(clear_id, "cannot_say")
    assert amended.status_code == 200, amended.text

    told = anna.get(f"/cases/{clear_id}/label-candidates")[0]
    assert (told["is_all"], told["fate"]) == (None, "excluded")
    assert told["words"].startswith("Excluded: The case was signed as “")
    assert told["words"].endswith(
        "In version 1 of 'Signed cases'. The report was amended since: the next version takes what it says now."
    )
    keep(admin, waiting)
    refused = admin.get(f"/imports/{waiting}")
    assert refused["state"] == "refused"
    assert refused["reason"].startswith("The reports of 1 of the images were amended since they were checked")
