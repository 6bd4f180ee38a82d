"""The whole loop on drawn cells: import, train, gate, two people, new captures by the new model, and the way back."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud_service.ml.synthetic.dataset import write_dataset
from tests.support.photographs import take
from tests.support.stack import BIN, RunningStack, answered, running_stack, until
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TRAINED_ON, TESTED_ON = 60, 24
JOB_SECONDS = 240.0
SMALL = {
    "network": {"filters": [8, 8, 8], "reduction": 2, "hidden_units": 8},
    "preprocess": {"size": 96, "draft_edge": None},
    "training": {"epochs": 3, "batch_size": 8, "augmentation": "square", "device": "cpu"},
}
"""A recipe of seconds: what it teaches is little, and the gate is to notice."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("retraining")) as stack:
        yield stack


class Administrator:
    """One of the two people that a promotion takes, as a program with a token."""

    def __init__(self, stack: RunningStack, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, trust_env=False, timeout=PATIENCE)

    def get(self, path: str) -> Any:
        return self.answer(self._client.get(path))

    def post(self, path: str, **body: Any) -> Any:
        return self.answer(self._client.post(path, json=body))

    def refused(self, path: str, status: int, **body: Any) -> str:
        """Why something is refused."""
        response = self._client.post(path, json=body)
        assert response.status_code == status, response.text
        return str(response.json()["detail"])

    def answer(self, response: httpx.Response) -> Any:
        assert response.is_success, response.text
        return response.json()

    def done(self, job: dict[str, Any]) -> Any:
        """A job, once it is over, which must be for the good."""
        path = f"/training/jobs/{job['id']}"
        until(
            lambda: self.get(path)["state"] not in {"waiting", "running"}, JOB_SECONDS, f"the job {job['kind']} is over"
        )
        found = self.get(path)
        assert found["state"] == "done", (found["reason"], found["log_tail"])
        return found

    def workers_answer_with(self, digest: str) -> bool:
        """Whether every worker says so."""
        return {worker["model_digest"] for worker in self.get("/system")["workers"]} == {digest}

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def lang(stack: RunningStack) -> Iterator[Administrator]:
    person = Administrator(stack, stack.token)
    yield person
    person.close()


@pytest.fixture(scope="module")
def kern(stack: RunningStack) -> Iterator[Administrator]:
    """The second person."""
    stack.command("user", "add", "b.kern", "--role", "administrator", "--json")
    person = Administrator(stack, stack.command("user", "token", "add", "b.kern", "tests", "--json")["token"])
    yield person
    person.close()


def imported(stack: RunningStack, folder: Path, name: str, *options: str) -> Any:
    words = ["dataset", "import", str(folder), "--name", name, "--confirm", "--wait", "--json", *options]
    done = subprocess.run([BIN / "smearflow", *words], check=False, capture_output=True, env=stack.environment)
    assert done.returncode == 0, (done.stdout, done.stderr)
    found = json.loads(done.stdout)
    assert found["state"] == "imported", found["reason"]
    return found["dataset_id"]


def photographed(stack: RunningStack, crops: list[Path]) -> None:
    for crop in crops:
        take(crop, stack.captures, f"H26-{crop.stem}")


def models_of_answers(stack: RunningStack) -> list[str]:
    """The digest of the model of each answer, the oldest first."""
    return [digest for (digest,) in stack.rows("SELECT model_digest FROM prediction ORDER BY created_at")]


def all_answered(stack: RunningStack, count: int) -> None:
    until(
        lambda: len(answered(stack.edge_listing())) == count, PATIENCE, f"{count} captures are answered at the device"
    )


def trained(stack: RunningStack, lang: Administrator, folder: Path) -> str:
    """The digest of a model trained on drawn cells, after others were locked away to measure it on."""
    for name, count, seed in (("train", TRAINED_ON, 501), ("locked", TESTED_ON, 502)):
        manifest = write_dataset(folder / name, "crop", count, seed)
        manifest.write_text(manifest.read_text().replace("slide-", f"{name}-slide-"))  # slides of the same name are one
    dataset = imported(stack, folder / "train", "cells")
    imported(stack, folder / "locked", "locked", "--purpose", "locked-test")
    recipe = lang.post("/training/recipes", name="cells", document={**SMALL, "datasets": [dataset]})
    job = lang.done(lang.post("/training/jobs", recipe_id=recipe["id"]))
    assert [epoch["epoch"] for epoch in job["epochs"]] == [1, 2, 3]
    candidate: str = job["result"]["model"]
    assert lang.get(f"/models/{candidate}")["state"] == "candidate"
    return candidate


def proposed(lang: Administrator, candidate: str) -> str:
    """The address of a proposal, after the gate; who made it cannot approve it."""
    lang.done(lang.post(f"/models/{candidate}/assessments", scope="*"))
    (assessment,) = lang.get(f"/models/{candidate}/assessments")
    wish = {"scope": "*", "assessment_id": assessment["id"], "reason": "The loop is tried."}
    if not assessment["passed"]:  # three epochs on sixty cells
        assert "did not pass the gate" in lang.refused(f"/models/{candidate}/proposals", 409, **wish)
        wish["override_reason"] = "Nobody is diagnosed by it."
    address = f"/proposals/{lang.post(f'/models/{candidate}/proposals', **wish)['id']}"
    lang.refused(f"{address}/approve", 403, reason="I am sure.")
    return address


def test_from_a_folder_of_images_to_the_new_models_answer_and_back(
    stack: RunningStack, lang: Administrator, kern: Administrator, crops: list[Path], tmp_path: Path
) -> None:
    (first,) = [model["digest"] for model in lang.get("/models") if model["active_in"] == ["*"]]
    candidate = trained(stack, lang, tmp_path)
    proposal = proposed(lang, candidate)

    photographed(stack, crops[:10])
    kern.post(f"{proposal}/approve", reason="Seen.")
    photographed(stack, crops[10:20])  # in the middle of the switch
    until(lambda: lang.workers_answer_with(candidate), PATIENCE, "the worker answers with the new model")
    all_answered(stack, 20)
    photographed(stack, crops[20:22])
    all_answered(stack, 22)
    assert models_of_answers(stack)[-2:] == [candidate] * 2

    done = lang.post("/models/rollback", reason="It was tried.", model_digest=candidate)
    assert done["activation"]["model_digest"] == first
    until(lambda: lang.workers_answer_with(first), PATIENCE, "the worker answers with the model before")
    photographed(stack, crops[22:24])
    all_answered(stack, 24)
    assert models_of_answers(stack)[-2:] == [first] * 2

    rows = stack.rows("SELECT capture_id, count(*) FROM prediction GROUP BY capture_id")
    assert Counter(count for _, count in rows) == {1: 24}
    assert stack.counts() == {"analysed": 24}
    timeline = stack.command("model", "timeline", "--json")
    assert [entry["kind"] for entry in timeline] == ["rollback", "promotion", "initial"]
    assert (timeline[1]["by"], timeline[1]["approved_by"]) == ("admin", "b.kern")
    assert stack.command("audit", "verify", "--json")["position"] > 0  # the command fails where the chain is broken
