"""Where the model looked, over the API: the right picture, or the reason why there is none."""

import io
from uuid import UUID

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import update

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.models import ModelVersion, Prediction
from tests.support.web import MODEL_DIGEST, ApiServer, a_problem, add_analysed, add_capture, jpeg, store


def opacity(response: httpx.Response) -> NDArray[np.uint8]:
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGBA"))[..., 3]


def address(capture_id: UUID) -> str:
    return f"/api/v1/captures/{capture_id}/attention"


def test_the_overlay_has_the_shape_of_the_capture_and_shows_the_side_of_the_answer(
    server: ApiServer, client: httpx.Client
) -> None:
    suspicious, without = add_analysed(server, 0, 0.9), add_analysed(server, 1, 0.1)

    left, right = (opacity(client.get(address(capture_id))) for capture_id in (suspicious, without))

    assert left.shape == right.shape == (240, 320)  # of 640 x 480
    assert left[60:180, 60:100].min() > 0
    assert not left[:, 250:].any()
    assert right[60, 220:260].min() > 0
    assert not right[:, :70].any()
    asked_for = {side: client.get(address(without), params={"evidence": side}) for side in ("all", "not-all")}
    np.testing.assert_array_equal(opacity(asked_for["all"]), left)
    np.testing.assert_array_equal(opacity(asked_for["not-all"]), right)
    a_problem(client.get(address(without), params={"evidence": "both"}), 422)


def test_doubted_answers_have_a_map_too(server: ApiServer, client: httpx.Client) -> None:
    doubted = add_analysed(server, 0, 0.9, "Unlike the images that the model was trained on.")
    assert opacity(client.get(address(doubted))).any()


def test_a_browser_that_has_it_is_told_so(server: ApiServer, client: httpx.Client) -> None:
    capture_id = add_analysed(server, 0, 0.9)
    first = client.get(address(capture_id))
    assert first.headers["cache-control"] == "private, no-cache"
    headers = {"If-None-Match": first.headers["etag"]}
    again = client.get(address(capture_id), headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address(capture_id), params={"evidence": "not-all"}, headers=headers).status_code == 200


def test_where_there_is_no_map_the_reason_is_told(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        waiting = add_capture(session, 0)
        store(session, server.blobs, waiting, jpeg())
    assert "no model has answered" in a_problem(client.get(address(waiting.id)), 404)

    capture_id = add_analysed(server, 1, 0.9)
    for kept, reason in ((bytes(4), "spoke for blast features"), (None, "before maps were kept")):
        with transaction(server.engine) as session:
            session.execute(update(Prediction).values(attention=kept))
        assert reason in a_problem(client.get(address(capture_id)), 404)
    with transaction(server.engine) as session:
        session.get_one(ModelVersion, MODEL_DIGEST).card = {"name": "of an earlier version"}
    assert "gives no map" in a_problem(client.get(address(capture_id)), 404)


def test_another_sites_capture_is_unknown(server: ApiServer) -> None:
    capture_id = add_analysed(server, 0, 0.9)
    add_analysed(server, 1, 0.9, site_id="south", device_id="scope-2")
    with server.client(Role.TECHNICIAN, site="south") as technician:
        assert "There is no capture" in a_problem(technician.get(address(capture_id)), 404)
