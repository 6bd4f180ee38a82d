"""Settings of the cloud's processes, from environment variables with the prefix SMEARFLOW_.

They may also stand in a file that SMEARFLOW_ENV_FILE names (`smearflow up` writes one), and, in containers, in mounted
secrets. The environment stands above both.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.parts import MAX_PARTS

_CONTAINER_SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """One object for all processes; each reads what it needs. Secrets come from the environment or from files."""

    model_config = SettingsConfigDict(env_prefix="SMEARFLOW_", frozen=True, extra="ignore")

    database_url: str = Field(
        "sqlite:///smearflow-data/smearflow.db", description="SQLAlchemy URL: SQLite or PostgreSQL"
    )
    blob_url: str = Field(
        "smearflow-data/blobs",
        description="where captures are kept: a folder, or s3://bucket/prefix",
    )
    s3_endpoint_url: str | None = Field(None, description="an S3 service other than Amazon's")
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker and the wake-up channel"
    )

    broker_host: str = Field("127.0.0.1", description="MQTT broker")
    broker_port: Annotated[int, Field(gt=0, lt=65536)] = 1883
    broker_ca_file: Path | None = Field(None, description="certificate authority of the broker; turns TLS on")
    broker_username: str = Field("ingest-0", description="also the client id; one a replica")
    broker_password: SecretStr = SecretStr("")
    broker_admin_password: SecretStr | None = Field(
        None,
        description="of the broker's `admin`, who creates devices; for `smearflow device` and the API",
    )
    broker_public_host: str | None = Field(
        None, description="by which workstations reach the broker, where that is not broker_host"
    )
    broker_public_port: Annotated[int, Field(gt=0, lt=65536)] | None = None

    shard: Annotated[int, Field(ge=0)] = Field(0, description="which of the ingest replicas this is")
    shard_count: Annotated[int, Field(ge=1)] = Field(1, description="how many ingest replicas divide the sites")
    ingest_batch: Annotated[int, Field(ge=1)] = Field(256, description="messages to one transaction at most")
    ingest_inflight: Annotated[int, Field(ge=1, le=65535)] = Field(
        128,
        description="unacknowledged messages that the broker may have under way (Receive Maximum)",
    )
    capture_max_bytes: Annotated[int, Field(gt=0)] = Field(64 * 1024 * 1024, description="largest capture, bytes")
    capture_max_pixels: Annotated[int, Field(gt=0)] = Field(50_000_000, description="largest image, pixels")
    decode_processes: Annotated[int, Field(ge=1)] = Field(2, description="processes that decode what came in")
    decode_memory_bytes: Annotated[int, Field(gt=0)] = Field(1 << 30, description="address space of each of them")
    max_part_count: Annotated[int, Field(ge=1)] = MAX_PARTS

    model_dir: Path = Field(
        Path(__file__).parent / "ml" / "demo_model",
        description="the model package that an installation begins with; what comes after it is promoted",
    )
    model_cache_dir: Path = Field(
        Path("smearflow-data/models"), description="where workers keep the packages of the models that they load"
    )
    runtime: str = Field("auto", description="auto, or a runtime by its name (`smearflow doctor` says which are here)")
    runtime_threads: Annotated[int, Field(ge=1)] = 1
    engine_cache_dir: Path = Field(
        Path("smearflow-data/engines"),
        description="where TensorRT engines are kept; others must not be able to write there; may be deleted any time",
    )
    engine_precision: Literal["float32", "float16", "int8"] = Field(
        "float16", description="in what TensorRT calculates; int8 needs a model package with a file in eight bits"
    )
    claim_batch: Annotated[int, Field(ge=1)] = Field(16, description="captures that a worker claims at once")
    claim_lease_seconds: Annotated[float, Field(gt=0)] = Field(60.0, description="until a claim may be taken over")
    max_attempts: Annotated[int, Field(ge=1)] = Field(3, description="then a capture goes to a person")
    transient_patience_seconds: Annotated[float, Field(gt=0)] = Field(
        86_400.0,
        description="how long an analysis waits for faults that may pass, say a blob store that is away; then a person",
    )
    sweep_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0,
        description="how often beat and the workers look for what no nudge has told them of, and say they are there",
    )

    delivery_retry_seconds: Annotated[float, Field(gt=0)] = Field(
        10.0,
        description="first wait for a device's acknowledgement of a result; doubles up to an hour",
    )

    dataset_archive_max_bytes: Annotated[int, Field(gt=0)] = Field(
        4 * 1024**3, description="largest archive of a data set, bytes"
    )
    dataset_max_bytes: Annotated[int, Field(gt=0)] = Field(
        16 * 1024**3, description="largest data set when it is extracted, bytes"
    )
    dataset_max_entries: Annotated[int, Field(gt=0)] = Field(
        200_000, description="most files and folders in an archive of a data set"
    )

    training_dir: Path = Field(
        Path("smearflow-data/training"),
        description="where a worker of the training queue keeps what its jobs need; a killed job goes on from there",
    )
    training_threads: Annotated[int, Field(ge=1)] = Field(
        1, description="processor threads of a job of the training queue; leave some to inference"
    )
    training_comes_last: bool = Field(
        default=True,
        description="jobs of the training queue wait for all other work of the machine; off on one of its own",
    )
    training_processes: Annotated[int, Field(ge=1)] | None = Field(
        None, description="processes that train one network together, by torchrun; one a GPU where not given"
    )
    training_lease_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0,
        description="after the death of its worker a job of the training queue may be taken up again so much later",
    )
    training_max_attempts: Annotated[int, Field(ge=1)] = Field(
        3, description="then a job of the training queue whose process is killed each time is given up"
    )

    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, lt=65536)] = 8000
    session_idle_minutes: Annotated[float, Field(gt=0)] = Field(
        60.0, description="a log-in ends so long after the page's last request"
    )
    session_hours: Annotated[float, Field(gt=0)] = Field(12.0, description="and so long after itself in any case")
    secure_cookies: bool = Field(default=True, description="send cookies over HTTPS only; off for http on loopback")

    openid_issuer: str | None = Field(
        None, description="OpenID Connect provider, as its discovery document calls itself; turns log-in through it on"
    )
    openid_name: str = Field("OpenID Connect", description="what the button on the page calls the provider")
    openid_client_id: str = Field("", description="what the provider calls this client")
    openid_client_secret: SecretStr | None = Field(None, description="none for a public client")
    openid_ca_file: Path | None = Field(
        None, description="certificate authority of the provider, where the system does not know it"
    )
    openid_timeout_seconds: Annotated[float, Field(gt=0)] = Field(5.0, description="for each answer of the provider")
    openid_scopes: str = "openid profile"
    openid_public_url: str | None = Field(
        None,
        description="where browsers reach the page; the provider sends them to its /api/v1/session/openid/callback",
    )
    openid_user_claim: str = Field(
        "preferred_username", description="holds the user's name; one that people cannot choose for themselves"
    )
    openid_user_domain: str | None = Field(None, description="what stands behind the @ of that name; it is cut off")
    openid_users: Literal["added", "groups"] = Field(
        "added", description="who is let in: users whom an administrator has added, or members of openid_roles' groups"
    )
    openid_groups_claim: str = Field("groups", description="holds the groups of a person")
    openid_roles: dict[str, str] = Field(
        {},
        description="JSON: group to clinician, administrator or technician@SITE; the first that fits holds",
    )
    log_level: str = "INFO"

    @property
    def public_broker_host(self) -> str:
        """The broker's name for workstations."""
        return self.broker_public_host or self.broker_host

    @property
    def public_broker_port(self) -> int:
        """The broker's port for workstations."""
        return self.broker_public_port or self.broker_port


@cache
def settings() -> Settings:
    """This process's settings, read once."""
    return Settings(
        _env_file=os.environ.get("SMEARFLOW_ENV_FILE"),
        _secrets_dir=_CONTAINER_SECRETS if _CONTAINER_SECRETS.is_dir() else None,
    )
