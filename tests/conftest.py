"""Fixtures that every kind of test may use: real servers, databases, a bad line and a browser."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cloud_service.local_stack.programs import find_program
from tests.support.servers import Mosquitto, Postgres, Redis
from tests.support.tcp_proxy import TcpProxy


def pytest_configure() -> None:
    """Long work does not come last in tests, which would else wait for whatever this machine does beside them."""
    os.environ.setdefault("SMEARFLOW_TRAINING_COMES_LAST", "false")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, four at most: many tests wait for servers rather than for a core."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a GPU is skipped, visibly, where the driver shows none."""
    if item.get_closest_marker("gpu") and not Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has no NVIDIA GPU (no /dev/nvidiactl)")


class MosquittoFactory(Protocol):
    """Starts brokers; all of them are stopped when the test ends."""

    def __call__(self, dynamic_security: Mapping[str, Any] | None = None, settings: str = "") -> Mosquitto: ...


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoFactory]:
    """A factory of running brokers."""
    brokers: list[Mosquitto] = []

    def start(dynamic_security: Mapping[str, Any] | None = None, settings: str = "") -> Mosquitto:
        folder = tmp_path / f"mosquitto-{len(brokers)}"
        folder.mkdir()
        brokers.append(Mosquitto(folder, dynamic_security, settings))
        return brokers[-1].start()

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A running, empty Redis of the test's own."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Redis(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL. A test that kills it must start it again."""
    with tempfile.TemporaryDirectory(prefix="smearflow-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder)).start()
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite database of the test's own; the file is not there yet."""
    return f"sqlite:///{tmp_path / 'smearflow.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of the test's own: each test runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same for all tests of a module together, which only read there."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'smearflow.sqlite'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[int], TcpProxy]]:
    """A factory of proxies to a loopback port, each a line that the test can spoil."""
    proxies: list[TcpProxy] = []

    def start(target_port: int) -> TcpProxy:
        proxies.append(TcpProxy(target_port))
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium.

    One a module and not one a session: while Playwright runs, no other test in the process can start an event loop.
    """
    name = "chromium" if sys.platform == "linux" else "google-chrome"
    # Playwright's own Node lacks a library on a bare Debian; the one that the set-up checked does not.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(find_program("node")))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program(name))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page with cookies of its own; an error in its scripts fails the test."""
    errors: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == [], f"the page's scripts failed: {errors}"
