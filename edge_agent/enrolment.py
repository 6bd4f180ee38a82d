"""Enrolment: writes the settings and secrets with which a device begins."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from edge_agent.config import BrokerSection, UnidentifiedRule, load_config
from edge_agent.credentials import EdgeSecrets, new_pseudonym_key
from shared.errors import ConfigurationError
from shared.identifiers import SlugId


class BrokerAddress(BaseModel):
    """Where the broker is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    port: int


class Credentials(BaseModel):
    """What `smearflow device add SITE DEVICE --json` prints, or the cloud gives for an enrolment code."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    site: SlugId
    device: SlugId
    password: SecretStr
    broker: BrokerAddress | None = None
    ca_certificate: str | None = None
    """The broker's authority (PEM)."""

    @classmethod
    def read(cls, text: str) -> "Credentials":
        """Read them.

        Raises:
            ConfigurationError: the text is not what `device add --json` prints.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, fault["loc"])) or "the whole" for fault in error.errors())
            raise ConfigurationError(
                f"The credentials cannot be read (wrong: {fields}); give what `smearflow device add --json` prints."
            ) from error


class Choices(BaseModel):
    """What the technician chooses."""

    model_config = ConfigDict(frozen=True)

    watch: tuple[Path, ...]
    unidentified: UnidentifiedRule = UnidentifiedRule.REFUSE
    ca_file: Path | None = None
    pseudonym_key: SecretStr | None = None


def enrol(config_file: Path, credentials: Credentials, choices: Choices, *, force: bool) -> Path:
    """Write `edge.toml` and the secrets; returns the secrets' path.

    With `force` a former enrolment is replaced, but its pseudonym key stays unless another one is given: with a new
    key the same accession would become another case.

    Raises:
        ConfigurationError: the device is enrolled already, or what was given makes no valid settings.
    """
    if config_file.exists() and not force:
        raise ConfigurationError(f"{config_file} exists: this device is enrolled. Say --force to enrol it again.")
    config_file.parent.mkdir(parents=True, exist_ok=True)
    if credentials.ca_certificate is not None and choices.ca_file is None:
        choices = choices.model_copy(update={"ca_file": _write_authority(config_file, credentials.ca_certificate)})
    draft = config_file.with_suffix(".draft")
    draft.write_text(settings_text(credentials, choices), encoding="utf-8")
    try:
        config = load_config(draft)
        key = choices.pseudonym_key or _former_key(config.secrets_file) or new_pseudonym_key()
        EdgeSecrets(broker_password=credentials.password, pseudonym_key=key).save(config.secrets_file)
        EdgeSecrets.load(config.secrets_file)
        draft.replace(config_file)
    finally:
        draft.unlink(missing_ok=True)
    return config.secrets_file


def settings_text(credentials: Credentials, choices: Choices) -> str:
    """The settings as TOML; a JSON string is a TOML string, too."""
    address = credentials.broker or BrokerAddress(host="127.0.0.1", port=BrokerSection().port)
    folders = ", ".join(json.dumps(str(folder.resolve())) for folder in choices.watch)
    ca_file = f"ca_file = {json.dumps(str(choices.ca_file.resolve()))}\n" if choices.ca_file else ""
    return (
        "# Settings of the Smearflow edge agent. `smearflow-edge doctor` checks them.\n"
        f"site = {json.dumps(credentials.site)}\n"
        f"device = {json.dumps(credentials.device)}\n"
        "\n[watch]\n"
        f"folders = [{folders}]\n"
        "\n[broker]\n"
        f"host = {json.dumps(address.host)}\n"
        f"port = {address.port}\n"
        f"{ca_file}"
        "\n[identification]\n"
        f"unidentified = {json.dumps(choices.unidentified)}\n"
    )


def _write_authority(config_file: Path, certificate: str) -> Path:
    path = config_file.with_name("broker-ca.crt")
    path.write_text(certificate, encoding="ascii")
    return path


def _former_key(secrets_file: Path) -> SecretStr | None:
    return EdgeSecrets.load(secrets_file).pseudonym_key if secrets_file.exists() else None
