"""A job's progress on its way to a page: process, worker, database, wake-up call, event stream."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cloud_service.delivery.fan_out import FanOut
from cloud_service.training.process import TrainingProcess
from cloud_service.wakeup import Notifier
from tests.support.counting import Counting
from tests.support.servers import Redis
from tests.support.training_jobs import TrainingCloud, running
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, web_settings

NEVER = 10 * PATIENCE
"""Seconds; longer than a test may take: what is awaited does not come by a clock."""


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url, training_lease_seconds=NEVER)  # nor by its renewals
    yield made
    made.close()


def told(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The jobs that a stream's events tell of."""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "data" and "kind" in (job := json.loads(value)):
            yield job


def test_a_page_is_told_of_an_epoch_before_anybodys_next_look(
    cloud: TrainingCloud, tmp_path: Path, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_service.app.FanOut", functools.partial(FanOut, poll_seconds=NEVER))
    monkeypatch.setattr("cloud_service.training.attempt.LOOK_SECONDS", NEVER)
    hold = cloud.set("hold", "epoch-2")
    url = SecretStr(redis_server.url)
    settings = web_settings(tmp_path, cloud.settings.database_url, redis_url=url)
    worker = TrainingProcess(
        cloud.engine, cloud.blobs, Notifier(redis_server.url), cloud.settings, lambda _name: Counting()
    )
    with (
        ApiServer(settings) as server,
        running(worker),
        server.client() as client,
        client.stream("GET", "/api/v1/events", params={"after": 0}) as response,
    ):
        job_id = cloud.add()
        jobs = told(response)
        second = next(job for job in jobs if job["progress"] and job["progress"]["epoch"] == 2)
        epochs = client.get(f"/api/v1/training/jobs/{job_id}").json()["epochs"]
        hold.unlink()
        last = next(job for job in jobs if job["state"] == "done")

    assert second["id"] == last["id"] == str(job_id)
    assert [record["epoch"] for record in epochs] == [1]
