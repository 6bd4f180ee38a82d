"""`smearflow doctor`: what could keep captures from being analysed, each finding with what to do about it."""

import os
import queue
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import redis
from pydantic import ValidationError
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings, settings
from cloud_service.database import make_engine, snapshot
from cloud_service.ingest.connection import Connected, Connection, Inbox, Lost
from cloud_service.ingest.subscriber import state_of
from cloud_service.migrations import revisions
from cloud_service.ml.package import ModelPackageError, load_package
from cloud_service.ml.runtimes.choice import choices_for, is_installed, library_of
from cloud_service.ml.runtimes.loading import RuntimeName, fastest_for
from cloud_service.models import now
from cloud_service.system.heartbeats import ALIVE_FOR, heartbeats
from shared.checks import Check
from shared.errors import SmearflowError
from shared.identifiers import sha256_of_bytes
from shared.vocabulary import Presence

_SECONDS = 10.0
_LEAST_FREE_BYTES = 2_000_000_000  # some two thousand large captures
_GIGABYTE = 1e9


def examine(checks_by: Callable[[Settings], Iterator[Check]]) -> Iterator[Check]:
    """All checks, one after another; those that need what a failed one should have found are left out.

    Args:
        checks_by: what is looked at by settings that could be read.
    """
    given = os.environ.get("SMEARFLOW_ENV_FILE")
    if given is not None and not Path(given).is_file():
        advice = "Let SMEARFLOW_ENV_FILE name the file that `make run` prints, or unset it."
        yield Check("settings", good=False, finding=f"{given} is not there", advice=advice)
        return
    try:
        found = settings()
    except (ValidationError, OSError) as error:
        yield Check("settings", good=False, finding=str(error), advice="Set what is named, then ask again.")
        return
    from_environment = (
        "from the environment; what it does not name is the default. "
        "A stack of `make run` is meant where SMEARFLOW_ENV_FILE names the file that it prints"
    )
    yield Check("settings", good=True, finding=given or from_environment)
    yield from checks_by(found)


def examine_by(found: Settings) -> Iterator[Check]:
    """The checks by settings that could be read."""
    engine, check = open_database(found)
    yield check
    yield _blob_store(found)
    yield _redis(found)
    yield _broker(found, engine)
    yield from _model(found)
    yield from _disk(found)
    if engine is not None:
        engine.dispose()


def open_database(found: Settings) -> tuple[Engine | None, Check]:
    """The engine of a database that can be used, for the caller to dispose of, and what was found of it."""

    def bad(finding: str, advice: str) -> tuple[None, Check]:
        return None, Check("database", good=False, finding=finding, advice=advice)

    try:
        url = make_url(found.database_url)
    except ArgumentError as error:
        return bad(str(error), "Mend SMEARFLOW_DATABASE_URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.")
    where = url.render_as_string()
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        return bad(f"{where}: there is no such file", "Run `smearflow migrate`, or mend SMEARFLOW_DATABASE_URL.")
    engine = make_engine(found.database_url)
    try:
        with engine.execution_options(reading=True).connect() as connection:
            current, newest = revisions(connection)
    except (DatabaseError, InterfaceError) as error:
        engine.dispose()
        return bad(f"{where}: {str(error.orig).strip()}", "Start the database; check SMEARFLOW_DATABASE_URL.")
    if current != newest:
        engine.dispose()
        return bad(f"{where}: its tables are of {current or 'no version'}, not {newest}", "Run `smearflow migrate`.")
    return engine, Check("database", good=True, finding=f"{where}: tables of version {newest}")


def _blob_store(found: Settings) -> Check:
    """Writes some bytes that nothing else can have written, reads them, and removes them."""
    data = f"smearflow doctor {uuid4()}".encode()
    digest = sha256_of_bytes(data)
    try:
        store = open_blob_store(found)
        store.put(digest, data)
        same = store.get(digest) == data
        store.delete(digest)
    except (SmearflowError, FileNotFoundError) as error:
        advice = "Let this account write there, or mend SMEARFLOW_BLOB_URL and the S3 credentials."
        return Check("blob store", good=False, finding=f"{found.blob_url}: {error}", advice=advice)
    what = "written, read and removed" if same else "gave back other bytes than were written"
    return Check("blob store", good=same, finding=f"{found.blob_url}: {what}", advice="Do not use this disk.")


def _redis(found: Settings) -> Check:
    url = urlsplit(found.redis_url.get_secret_value())
    where = f"{url.hostname}:{url.port or 6379}{url.path}"
    try:
        client = redis.Redis.from_url(url.geturl(), socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        with closing(client):
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        advice = "Start Redis; check SMEARFLOW_REDIS_URL and the password in it. Without it results come late."
        return Check("redis", good=False, finding=f"{where}: {error}", advice=advice)
    return Check("redis", good=True, finding=f"{where}: it takes our credentials")


def _broker(found: Settings, engine: Engine | None) -> Check:
    """Log in as ingest does; where an ingest runs, what it says, since a second log-in would cut it off."""
    where = f"{found.broker_host}:{found.broker_port} as {found.broker_username}"
    if engine is None:
        advice = "Mend the database first: only it says whether an ingest is connected that a log-in would cut off."
        return Check("broker", good=False, finding=f"{where}: not tried", advice=advice)
    with snapshot(engine) as session:
        running = [row for row in heartbeats(session, "ingest") if now() - row.seen_at <= ALIVE_FOR]
    for row in running:
        if row.name == found.broker_username:
            serving = bool(row.about.get("serving"))
            finding = f"{where}: the running ingest is {'connected' if serving else 'not connected'}"
            return Check("broker", good=serving, finding=finding, advice="The ingest's log says why.")
    refusal = _log_in(found)
    advice = "Start the broker; check SMEARFLOW_BROKER_HOST, _PORT, _CA_FILE, _USERNAME and _PASSWORD."
    return Check("broker", good=refusal is None, finding=f"{where}: {refusal or 'let in'}", advice=advice)


def _log_in(found: Settings) -> str | None:
    """Connect as ingest, with its session, whose messages stay unacknowledged; what stood in the way."""
    inbox: Inbox = queue.SimpleQueue()
    try:
        connection = Connection(found, inbox, state_of(found, Presence.OFFLINE))
    except OSError as error:
        return error.strerror or str(error)
    try:
        match inbox.get(timeout=_SECONDS):
            case Connected():
                return None
            case Lost(_, reason):
                return reason
            case _:
                return "it answers otherwise than a broker"
    except queue.Empty:
        return f"no answer within {_SECONDS:.0f} s; is it an MQTT 5 broker?"
    finally:
        connection.close()


def _model(found: Settings) -> Iterator[Check]:
    """The package, and the runtime that it is answered with."""
    try:
        package = load_package(found.model_dir)
    except ModelPackageError as error:
        yield Check("model", good=False, finding=str(error), advice="Let SMEARFLOW_MODEL_DIR name a whole package.")
        return
    card = package.card
    finding = f"{card.name} {card.version}, {package.digest[:12]}, in {found.model_dir}: every file as the card says"
    yield Check("model", good=True, finding=finding)
    choices = {choice.name: choice.reason for choice in choices_for(card)}
    try:
        asked = RuntimeName(found.runtime)
    except ValueError:
        advice = f"Set SMEARFLOW_RUNTIME to one of: {', '.join(RuntimeName)}."
        yield Check("runtime", good=False, finding=f"{found.runtime} is not known", advice=advice)
        return
    name = fastest_for(card) if asked is RuntimeName.AUTO else asked
    why = f"auto chooses {name}: {choices[name]}" if asked is RuntimeName.AUTO else f"{name}, as SMEARFLOW_RUNTIME says"
    others = "; ".join(f"not {other}: {reason}" for other, reason in choices.items() if other is not name)
    advice = f"Install {library_of(name)} on the workers' machines."
    yield Check("runtime", good=is_installed(name), finding=f"{why}; {others}", advice=advice)


def _disk(found: Settings) -> Iterator[Check]:
    """Room where captures and models are kept; S3 tells nothing of its own."""
    url = urlsplit(found.blob_url)
    folders = {"models": found.model_cache_dir}
    if url.scheme != "s3":
        folders["captures"] = Path(url.path if url.scheme == "file" else found.blob_url)
    for what, folder in folders.items():
        there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        finding = f"{free / _GIGABYTE:.1f} GB free for {what} at {there}"
        advice = f"Free disk space: below {_LEAST_FREE_BYTES / _GIGABYTE:.0f} GB little more can be taken."
        yield Check("disk", good=free >= _LEAST_FREE_BYTES, finding=finding, advice=advice)
