"""The whole chain on this machine: which programs run, on which ports, with which settings (design section 7)."""

import asyncio
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine

from cloud_service import migrations
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.devices import broker_roles
from cloud_service.devices import service as devices
from cloud_service.devices.queries import devices_online
from cloud_service.local_stack import servers
from cloud_service.local_stack.people import add_first_administrator
from cloud_service.local_stack.ports import LOOPBACK, choose_ports
from cloud_service.local_stack.processes import output_of, script
from cloud_service.local_stack.programs import dynamic_security_plugin, find_program
from cloud_service.local_stack.secrets import StackSecrets
from cloud_service.local_stack.supervisor import Program, Supervisor
from cloud_service.models import now
from cloud_service.system.heartbeats import heartbeats
from shared.errors import ConfigurationError, PermanentError

SITE, DEVICE = "local", "microscope-1"
READY_SECONDS = 90.0
_ASK_AGAIN_SECONDS = 0.1


class StackStartError(PermanentError):
    """The local stack did not come up; the text says which part, and where its log is."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What may be chosen of a local stack.

    Args:
        data: folder for database, images, logs and secrets.
        captures: folder that the edge agent watches.
        unidentified: "refuse", or "own-case" where each image without an accession becomes its own case.
        ingests, workers: how many of each; ingest replicas divide the sites.
        api_port: port of the page; any free one where None.
    """

    data: Path
    captures: Path
    unidentified: str = "refuse"
    ingests: int = 1
    workers: int = 1
    api_port: int | None = None


class LocalStack:
    """Mosquitto, Redis, ingest, workers for inference and for training, beat, API and one edge agent, supervised."""

    def __init__(self, options: StackOptions) -> None:
        self.options = options
        self._data = options.data
        for folder in (self._data, options.captures, self._data / "mosquitto", self._data / "redis"):
            folder.mkdir(parents=True, exist_ok=True)
        self._secrets = StackSecrets.load_or_make(self._data / "secrets")
        fixed = {} if options.api_port is None else {"api": options.api_port}
        self._ports = choose_ports(("mosquitto", "redis", "api"), self._data / "ports.json", fixed)
        self._supervisor = Supervisor(self._data)
        self._began_at = now()
        self._engine = make_engine(self.cloud_environment()["SMEARFLOW_DATABASE_URL"])
        self.first_password: str | None = None
        """Of the user `admin`, where `start` has just made it; nobody can read it later."""

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._ports['api']}"

    @property
    def engine(self) -> Engine:
        """Of the stack's database; ready once `start` has made the tables."""
        return self._engine

    @property
    def edge_config(self) -> Path:
        """The edge agent's settings."""
        return self._data / "edge" / "edge.toml"

    async def start(self) -> None:
        """Start everything and wait until captures can flow.

        Raises:
            StackStartError: a part did not come up in time.
            ConfigurationError: a program is not on this machine, or the edge agent watches another folder.
        """
        self._write_environment()
        await self._supervisor.start(*self._servers())
        await asyncio.to_thread(self._prepare_database)
        await self._supervisor.start(*self._cloud_programs())
        await self._enrol_edge()
        await self._supervisor.start(self._edge_program())
        await self._until_ready()

    @property
    def environment_file(self) -> Path:
        """The cloud's settings for commands such as `smearflow device add`; SMEARFLOW_ENV_FILE names it."""
        return self._data / "secrets" / "cloud.env"

    async def stop(self) -> None:
        """End and reap everything."""
        await self._supervisor.stop()
        self._engine.dispose()

    def complaints(self) -> list[str]:
        """For each program that had to be started again: how often, and the last line that it wrote."""
        return [
            f"{name} was started again {count} times; its log ends: {_last_line(self._supervisor.log_of(name))}"
            for name, count in self._supervisor.restarts().items()
            if count
        ]

    def cloud_environment(self, shard: int = 0) -> dict[str, str]:
        """The settings of the cloud's processes (see cloud_service/config.py)."""
        settings = {
            "database_url": f"sqlite:///{self._data.resolve() / 'smearflow.db'}",
            "blob_url": str(self._data.resolve() / "blobs"),
            "training_dir": str(self._data.resolve() / "training"),
            "model_cache_dir": str(self._data.resolve() / "models"),
            "engine_cache_dir": str(self._data.resolve() / "engines"),
            "redis_url": f"redis://:{self._secrets.redis}@{LOOPBACK}:{self._ports['redis']}/0",
            "broker_host": LOOPBACK,
            "broker_port": str(self._ports["mosquitto"]),
            "broker_username": f"ingest-{shard}",
            "broker_password": self._secrets.broker_ingest,
            "broker_admin_password": self._secrets.broker_admin,
            "shard": str(shard),
            "shard_count": str(self.options.ingests),
            "api_host": LOOPBACK,
            "api_port": str(self._ports["api"]),
            "secure_cookies": "false",
        }
        return {f"SMEARFLOW_{name.upper()}": value for name, value in settings.items()}

    def _write_environment(self) -> None:
        self.environment_file.touch(mode=0o600)
        lines = (f"{name}={value}\n" for name, value in self.cloud_environment().items())
        self.environment_file.write_text("".join(lines))

    def _servers(self) -> Iterator[Program]:
        mosquitto, redis = self._ports["mosquitto"], self._ports["redis"]
        roles = self._data / "mosquitto" / "dynamic-security.json"
        if not roles.exists():
            ingest_passwords = {f"ingest-{n}": self._secrets.broker_ingest for n in range(self.options.ingests)}
            document = broker_roles.dynamic_security_document(self._secrets.broker_admin, ingest_passwords)
            roles.touch(mode=0o600)
            roles.write_text(json.dumps(document, indent=1))
        config = servers.write_mosquitto_config(roles.parent.resolve(), mosquitto, dynamic_security_plugin())
        yield Program("mosquitto", [str(find_program("mosquitto")), "-c", str(config)], ports=(mosquitto,))
        config = servers.write_redis_config(self._data.resolve() / "redis", redis, self._secrets.redis)
        yield Program("redis", [str(find_program("redis-server")), str(config)], ports=(redis,))

    def _cloud_programs(self) -> Iterator[Program]:
        def program(name: str, *command: str, shard: int = 0, ports: tuple[int, ...] = ()) -> Program:
            return Program(name, [script("smearflow"), *command], self.cloud_environment(shard), ports)

        for number in range(self.options.ingests):
            yield program(_numbered("ingest", number), "ingest", shard=number)
        for number in range(self.options.workers):
            yield program(_numbered("worker", number), "worker")
        yield program("training", "worker", "--queue", "training")
        yield program("beat", "beat")
        yield program("api", "serve", ports=(self._ports["api"],))

    def _edge_program(self) -> Program:
        # Where something else holds the broker's former port by now, the agent's settings name that one still.
        port = {"SMEARFLOW_EDGE_BROKER__PORT": str(self._ports["mosquitto"])}
        return Program("edge", [script("smearflow-edge"), "run", "--config", str(self.edge_config)], port)

    def _prepare_database(self) -> None:
        migrations.upgrade(self.cloud_environment()["SMEARFLOW_DATABASE_URL"])
        with transaction(self._engine) as session:
            devices.add_site(session, SITE)
        self.first_password = add_first_administrator(self._engine)

    async def _enrol_edge(self) -> None:
        """Enrol the device as an administrator and its technician would: `device add`, then `smearflow-edge enrol`."""
        if self.edge_config.exists():
            self._require_watched()
            return
        add = [script("smearflow"), "device", "add", SITE, DEVICE, "--json"]
        credentials = await output_of(add, environment=self.cloud_environment())
        enrol = [script("smearflow-edge"), "enrol", "--config", str(self.edge_config), "--credentials", "-"]
        enrol += ["--watch", str(self.options.captures.resolve()), "--unidentified", self.options.unidentified]
        await output_of(enrol, given=credentials)

    def _require_watched(self) -> None:
        """An agent that was enrolled before watches what its settings say, whatever this start wishes for.

        Raises:
            ConfigurationError: that is another folder.
        """
        try:
            folders = tomllib.loads(self.edge_config.read_text("utf-8"))["watch"]["folders"]
        except (ValueError, KeyError):
            return  # the agent itself says what is wrong with its settings
        wanted = self.options.captures.resolve()
        if not any(wanted.is_relative_to((self.edge_config.parent / folder).resolve()) for folder in folders):
            raise ConfigurationError(
                f"The edge agent of {self._data} does not watch {wanted}, but {', '.join(folders)}. Add the folder to "
                f"[watch] in {self.edge_config}, or name another folder with --data."
            )

    async def _until_ready(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    while not await self._is_ready(client):  # noqa: ASYNC110 - it comes up in other processes
                        await asyncio.sleep(_ASK_AGAIN_SECONDS)
            except TimeoutError as error:
                raise StackStartError(
                    f"The stack was not ready after {READY_SECONDS:.0f} s. Look into {self._data / 'logs'}.",
                ) from error

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        return await asyncio.to_thread(self._are_both_ends_there) and await _answers(client)

    def _are_both_ends_there(self) -> bool:
        """Whether the device is online, and every inference worker has its model: the first captures wait for none."""
        with snapshot(self._engine) as session:
            workers = [found for found in heartbeats(session, "worker") if found.started_at >= self._began_at]
            return devices_online(session) > 0 and len(workers) >= self.options.workers


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/api/v1/health")).is_success
    except httpx.TransportError:
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").rstrip().splitlines()
    return lines[-1] if lines else "(empty)"


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}-{number + 1}"
