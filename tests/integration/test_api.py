"""Captures, devices and health over the API as a program meets it: over a real socket."""

import io
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
from PIL import Image

from cloud_service.database import transaction
from cloud_service.delivery.results import add_delivery
from cloud_service.models import Capture, Device, InferenceJob, WireRefusal
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, JobState
from tests.support.web import (
    FIRST_ANNOUNCED,
    ApiServer,
    a_problem,
    add_analysed,
    add_capture,
    add_device,
    give_up,
    jpeg,
    store,
)


def test_pages_by_key_show_every_capture_once_while_others_arrive(server_on_both: ApiServer) -> None:
    server = server_on_both
    with transaction(server.engine) as session:
        # Pairs share their moment of announcement, so the id decides.
        wanted = [
            str(add_capture(session, number, announced_at=FIRST_ANNOUNCED + timedelta(seconds=number // 2)).id)
            for number in range(25)
        ]

    seen: list[str] = []
    more = True
    with server.client() as client:
        while more:
            query = {"limit": "10"} | ({"before": seen[-1]} if seen else {})
            page = client.get("/api/v1/captures", params=query).json()
            seen += [capture["id"] for capture in page["captures"]]
            more = page["more"]
            with transaction(server.engine) as session:
                add_capture(session, 100 + len(seen))

    assert len(seen) == len(set(seen))
    assert set(seen) == set(wanted)


def test_a_page_before_nothing_that_is_known(client: httpx.Client) -> None:
    a_problem(client.get("/api/v1/captures", params={"before": str(UUID(int=1))}), 404)
    a_problem(client.get("/api/v1/captures", params={"before": "x"}), 422)


def test_filters(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        north = add_capture(session, 0)
        south = add_capture(session, 1, site_id="south", device_id="scope-2", case_pseudonym="c" * 32)
        store(session, server.blobs, south, jpeg())

    def found(**query: str) -> list[str]:
        return [capture["id"] for capture in client.get("/api/v1/captures", params=query).json()["captures"]]

    assert found() == [str(south.id), str(north.id)]
    assert (
        found(site="south")
        == found(device="scope-2")
        == found(case="c" * 32)
        == found(state="stored")
        == [str(south.id)]
    )
    assert found(state="announced", site="north") == [str(north.id)]
    assert found(site="west") == []
    a_problem(client.get("/api/v1/captures", params={"state": "healthy"}), 422)
    assert client.get("/api/v1/captures/counts").json() == {
        "announced": 1,
        "refused": 0,
        "stored": 1,
        "analysed": 0,
        "failed": 0,
    }
    counted = client.get("/api/v1/captures/counts", params={"site": "north", "from": "2026-11-22T00:00:00Z"}).json()
    assert (counted["announced"], counted["stored"]) == (1, 0)
    assert sum(client.get("/api/v1/captures/counts", params={"to": "2026-11-22T00:00:00Z"}).json().values()) == 0


def test_by_when_they_were_taken(client: httpx.Client, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        captures = [add_capture(session, number) for number in range(3)]
    taken = [capture.captured_at.isoformat() for capture in captures]

    def found(**query: str) -> list[str]:
        return [capture["id"] for capture in client.get("/api/v1/captures", params=query).json()["captures"]]

    assert found(**{"from": taken[1]}) == [str(captures[2].id), str(captures[1].id)]
    assert found(to=taken[1]) == [str(captures[0].id)]
    assert found(**{"from": taken[1], "to": taken[2], "before": str(captures[2].id)}) == [str(captures[1].id)]
    a_problem(client.get("/api/v1/captures", params={"from": "2026-11-22T09:00:00"}), 422)


def test_one_capture_with_all_that_belongs_to_it(server: ApiServer, client: httpx.Client) -> None:
    capture_id = add_analysed(server, 0, 0.93)
    with transaction(server.engine) as session:
        capture = session.get_one(Capture, capture_id)
        add_delivery(session, capture, a_result(capture))

    detail = client.get(f"/api/v1/captures/{capture_id}").json()
    listed = client.get("/api/v1/captures").json()["captures"][0]

    assert listed.items() <= detail.items()
    assert [step["stage"] for step in detail["custody"]] == ["captured", "received", "analysed"]
    assert detail["prediction"]["wording"] == "Suspicious: blast features seen"
    assert detail["prediction"]["probability"] == 0.93
    assert detail["deliveries"][0] | {"id": "", "created_at": ""} == {
        "id": "",
        "kind": "prediction",
        "created_at": "",
        "attempts": 0,
        "acknowledged_at": None,
    }
    assert detail["job"]["state"] == "waiting"
    a_problem(client.get(f"/api/v1/captures/{uuid4()}"), 404)


def a_result(capture: Capture) -> Result:
    return Result(
        delivery_id=uuid4(),
        capture_id=capture.id,
        sha256=capture.sha256,
        kind=ResultKind.PREDICTION,
        created_at=capture.announced_at,
    )


def test_image_and_thumbnail(server: ApiServer, client: httpx.Client) -> None:
    data = jpeg(size=(1600, 1200))
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        announced = add_capture(session, 1)
        store(session, server.blobs, capture, data)

    image = client.get(f"/api/v1/captures/{capture.id}/image")
    thumbnail, card, screen = (
        client.get(f"/api/v1/captures/{capture.id}/image", params={"edge": edge}) for edge in (160, 640, 1280)
    )

    assert image.content == data
    assert image.headers["content-type"] == thumbnail.headers["content-type"] == "image/jpeg"
    assert len({response.headers["etag"] for response in (image, thumbnail, card, screen)}) == 4
    for response in (image, thumbnail, card, screen):
        assert response.headers["cache-control"] == "private, no-cache"
        assert response.headers["content-disposition"].startswith("inline")
        assert response.headers["x-content-type-options"] == "nosniff"
        again = client.get(response.request.url, headers={"If-None-Match": response.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", response.headers["etag"])
    for response, size in ((thumbnail, (160, 120)), (card, (640, 480)), (screen, (1280, 960))):
        with Image.open(io.BytesIO(response.content)) as small:
            assert (small.format, small.size) == ("JPEG", size)
    a_problem(client.get(f"/api/v1/captures/{capture.id}/image", params={"edge": 161}), 422)
    for kind in ("image", "image?edge=160"):
        a_problem(client.get(f"/api/v1/captures/{announced.id}/{kind}"), 404)

    server.blobs.delete(capture.sha256)
    assert "tell the administrator" in a_problem(client.get(f"/api/v1/captures/{capture.id}/image"), 404)


def test_only_a_failed_capture_is_tried_again(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        store(session, server.blobs, capture, jpeg())
        job = session.get_one(InferenceJob, capture.id)
        job.state, job.attempts = JobState.FAILED, 3
        give_up(session, capture, "The worker ended three times.")

    assert client.get(f"/api/v1/captures/{capture.id}").json()["reason"] == "The worker ended three times."
    again = client.post(f"/api/v1/captures/{capture.id}/retry")
    assert again.status_code == 200
    assert (again.json()["state"], again.json()["reason"]) == (CaptureState.STORED, None)
    assert client.get(f"/api/v1/captures/{capture.id}").json()["job"] == {
        "state": "waiting",
        "attempts": 0,
        "reason": None,
    }
    a_problem(client.post(f"/api/v1/captures/{capture.id}/retry"), 409)
    a_problem(client.post(f"/api/v1/captures/{UUID(int=1)}/retry"), 404)


def test_devices_and_refusals(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        add_capture(session, 0)
        session.add(WireRefusal(topic="smearflow/v1/north/scope-1/up/part/x", reason="No UUID.", count=3))
        session.add(WireRefusal(topic="smearflow/v1/north/scope-1/up/announce", reason="No JSON."))

    devices = client.get("/api/v1/devices").json()
    refusals = client.get("/api/v1/refusals").json()

    assert [(device["id"], device["presence"], device["outbox_depth"]) for device in devices] == [
        ("scope-1", "online", 3)
    ]
    assert devices[0]["refused_by_kind"] is None
    assert refusals["total"] == 4
    assert {refusal["reason"] for refusal in refusals["refusals"]} == {"No UUID.", "No JSON."}


def test_of_what_kind_the_files_are_that_a_device_did_not_take(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        add_device(session)
        device = session.get_one(Device, "scope-1")
        device.refused_files = 4
        device.refused_by_kind = {"damaged": 2, "no_accession": 1, "of_a_later_version": 1}

    (told,) = client.get("/api/v1/devices").json()

    assert (told["refused_files"], told["refused_by_kind"]) == (4, {"damaged": 2, "no_accession": 1})


def test_liveness_needs_no_key_and_readiness_tells_of_the_work(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        store(session, server.blobs, add_capture(session, 0), jpeg())

    with server.client(role=None) as stranger:
        assert stranger.get("/api/v1/health").json() == {"status": "alive"}
    readiness = client.get("/api/v1/health/ready")

    assert readiness.status_code == 200
    body = readiness.json()
    assert (body["ready"], body["database"], body["redis"]) == (True, True, False)
    assert body["work"]["waiting_jobs"] == 1
    assert body["work"]["oldest_unclaimed_seconds"] >= 0
    assert body["work"]["devices_online"] == 1
