"""The worklist and the page of a case over 100,000 cases and a million captures.

The baseline of each figure is *joined*, in the same run: the same first page read from captures and their answers, as
it would be if cases kept nothing of them. Times are those that a client of the API on the same machine waits.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Engine, text

from cloud_service.accounts.passwords import Passwords, random_password
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token
from cloud_service.accounts.users import add_user
from cloud_service.audit.trail import Actor
from cloud_service.bench.latency import percentile
from cloud_service.bench.many_cases import READER, Size, fill
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.spread import Spread
from cloud_service.bench.stack import BIN, until
from cloud_service.database import transaction
from cloud_service.local_stack.ports import LOOPBACK, choose_ports
from shared.errors import PermanentError

_START_SECONDS = 60
_JOINED_ROUNDS = 3
FIRST_PAGE = {"queue": "critical"}
NOTHING = "the API answers that it is alive"
JOINED_NAME = "joined: the first page without what cases keep"
QUERIES: dict[str, dict[str, Any]] = {
    "first page": FIRST_PAGE,
    "all queues": {},
    "no such state": {"state": "amended"},
    "answer": {"answer": "cannot_say"},
    "mine": {"holder": "mine"},
    "mine, critical": FIRST_PAGE | {"holder": "mine"},
    "unclaimed": FIRST_PAGE | {"holder": "unclaimed"},
    "mine or unclaimed": FIRST_PAGE | {"holder": "mine_or_unclaimed"},
    "failed": {"failed": True},
    "site": FIRST_PAGE | {"site": "site-3"},
    "device": FIRST_PAGE | {"device": "scope-7"},
    "device, done": {"queue": "done", "device": "scope-7"},
    "one day": {"from": "2025-03-01T00:00:00Z", "to": "2025-03-02T00:00:00Z"},
    "newest": {"sort": "newest"},
    "oldest, routine": {"sort": "oldest", "queue": "routine"},
    "search pseudonym": {"search": "9e3779b1"},
    "search one digit": {"search": "a"},
    "search smear": {"search": "S417"},
    "search nothing": {"search": "none such"},
}
COUNTS: dict[str, dict[str, Any]] = {
    "counts": {},
    "counts, mine": {"holder": "mine_or_unclaimed"},
    "counts, device": {"device": "scope-7"},
    "counts, search": {"search": "a"},
}
_JOINED = text(
    """SELECT site_id, case_pseudonym, count(*), min(announced_at) AS opened, max(probability) AS highest
    FROM capture LEFT JOIN prediction ON capture_id = capture.id WHERE state IN ('stored', 'analysed', 'failed')
    GROUP BY site_id, case_pseudonym ORDER BY highest DESC, opened LIMIT 100"""
)


class UnexpectedAnswerError(PermanentError):
    """The API answered otherwise than it should; the text holds the request and the answer."""


def bench_worklist(folder: Path, database_url: str | None, *, rounds: int, size: Size) -> BenchResult:
    """Milliseconds of each kind of request, from a client on this machine.

    Args:
        folder: for blobs and logs, and for the database where no URL is given.
        database_url: of an empty database, SQLite or PostgreSQL.
        rounds: of each request.
        size: how many cases and images there are.

    Raises:
        UnexpectedAnswerError: a request did not succeed.
    """
    url = database_url or f"sqlite:///{folder.resolve() / 'worklist.db'}"
    tell(f"Writing {size.cases:,} cases")
    engine = fill(url, size)
    joined = _milliseconds(lambda: _join(engine), _JOINED_ROUNDS)
    figures = [Figure(name=JOINED_NAME, value=Spread.of(joined))]
    with _api(engine, url, folder) as (client, own):
        for name, (path, query) in _requests(client).items():
            tell(f"  {name}")
            _get(client, path, query)  # what is read for the first time comes from the disk
            before = own()
            taken = _milliseconds(lambda path=path, query=query: _get(client, path, query), rounds)  # type: ignore[misc] # mypy cannot type a default of a lambda
            work = 1000 * (own() - before) / rounds
            figures.append(_figure(name, taken, joined, work))
    engine.dispose()
    title = f"{size.cases:,} cases of {size.images_each} images, {engine.dialect.name}"
    table = Table(title="Waited for an answer", unit="ms", baseline=JOINED_NAME, figures=tuple(figures))
    limit = f"{table.figure(NOTHING).value.median:.1f} ms for an answer that asks nothing of the database."
    return BenchResult(name="worklist", title=title, tables=(table,), limit=limit)


def _figure(name: str, taken: list[float], joined: list[float], work: float) -> Figure:
    value, middle = Spread.of(taken), Spread.of(joined).median
    ratio = Spread(
        median=middle / value.median, lower=middle / value.upper, upper=middle / value.lower, rounds=value.rounds
    )
    return Figure(
        name=name, value=value, ratio=ratio, note=f"p95 {percentile(taken, 95):.1f}, the API's CPU time {work:.1f}"
    )


def _requests(client: httpx.Client) -> dict[str, tuple[str, dict[str, Any]]]:
    found: dict[str, tuple[str, dict[str, Any]]] = {NOTHING: ("/api/v1/health", {})}
    found |= {name: ("/api/v1/cases", query) for name, query in QUERIES.items()}
    found |= {name: ("/api/v1/cases/counts", query) for name, query in COUNTS.items()}
    small = _get(client, "/api/v1/cases", FIRST_PAGE).json()["cases"][0]
    large = _get(client, "/api/v1/cases", {"search": "0" * 32}).json()["cases"][0]
    for name, case in (("small", small), ("large", large)):
        found[f"{name} case, {case['images']} images"] = (f"/api/v1/cases/{case['id']}", {})
        found[f"{name} case, first 100 images"] = (f"/api/v1/cases/{case['id']}/images", {})
    return found


def _get(client: httpx.Client, path: str, query: dict[str, Any]) -> httpx.Response:
    response = client.get(path, params=query)
    if response.is_error:
        raise UnexpectedAnswerError(f"GET {response.url} answered {response.status_code}: {response.text[:500]}")
    return response


def _milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - begin))
    return taken


def _join(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(_JOINED).all()


@contextmanager
def _api(engine: Engine, url: str, folder: Path) -> Iterator[tuple[httpx.Client, Callable[[], float]]]:
    """A client of an API process over this database, as the one who reads, and that process's CPU seconds so far."""
    port = choose_ports(("api",), folder / "ports.json", {})["api"]
    actor, password_hash = Actor.at_command_line(), Passwords().hash(random_password())
    with transaction(engine) as session:
        add_user(session, actor, name=READER, role=Role.CLINICIAN, site=None, password_hash=password_hash)
        _, token = add_token(session, actor, user=READER, name="measuring")
    settings = {"DATABASE_URL": url, "BLOB_URL": str(folder / "blobs"), "API_HOST": LOOPBACK, "API_PORT": str(port)}
    environment = {**os.environ, **{f"SMEARFLOW_{name}": value for name, value in settings.items()}}
    with (folder / "api.log").open("wb") as log:
        command = [str(BIN / "smearflow"), "serve"]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own
    headers = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=f"http://{LOOPBACK}:{port}", headers=headers, trust_env=False, timeout=60)
    try:
        with closing(client):
            until(lambda: _answers(client), _START_SECONDS, "the API answers")
            yield client, lambda: sum(psutil.Process(process.pid).cpu_times()[:2])
    finally:
        process.terminate()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/health").is_success
    except httpx.TransportError:
        return False
