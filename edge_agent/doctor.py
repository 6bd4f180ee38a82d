"""`smearflow-edge doctor`: what could keep captures from arriving, each finding with what to do about it."""

import os
import queue
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from edge_agent.agent_lock import is_agent_running
from edge_agent.config import EdgeConfig, load_config
from edge_agent.credentials import EdgeSecrets
from edge_agent.disk import DiskGuard
from edge_agent.link.events import Connected, Disconnected, LinkEvent
from edge_agent.link.flight import Outgoing
from edge_agent.link.publisher import Publisher, tls_context
from edge_agent.status_file import AgentReport
from shared.checks import Check
from shared.errors import ConfigurationError
from shared.messages import DeviceStatus
from shared.topics import DeviceAddress
from shared.vocabulary import Presence

_SECONDS = 10.0
_BUILT_AFTER = datetime(2026, 1, 1, tzinfo=UTC)  # no clock is right that shows an earlier time


def examine(config_file: Path) -> Iterator[Check]:
    """All checks, one after another; those that need what a failed one should have found are left out."""
    try:
        config = load_config(config_file)
    except ConfigurationError as error:
        yield Check("settings", good=False, finding=str(error), advice="Mend the file, or enrol the device again.")
        return
    yield Check("settings", good=True, finding=f"{config_file}: device {config.device} of site {config.site}")
    secrets: EdgeSecrets | None = None
    try:
        secrets = EdgeSecrets.load(config.secrets_file)
    except ConfigurationError as error:
        yield Check("secrets", good=False, finding=str(error), advice="See what the finding says.")
    else:
        yield Check("secrets", good=True, finding=f"{config.secrets_file}: readable by this account alone")
    for folder in config.watch.folders:
        yield _folder(folder)
    yield from _disk(config)
    yield _clock()
    yield from _broker(config, secrets)


def _folder(folder: Path) -> Check:
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError as error:
        advice = "Create it, connect its drive, or let this account read it."
        return Check("watch folder", good=False, finding=f"{folder}: {error.strerror}", advice=advice)
    return Check("watch folder", good=True, finding=f"{folder}: readable")


def _disk(config: EdgeConfig) -> Iterator[Check]:
    folder = config.state_dir
    writable = os.access(folder if folder.exists() else folder.parent, os.W_OK)
    advice = f"Let this account write to {folder}."
    yield Check(
        "state folder", good=writable, finding=f"{folder}: {'writable' if writable else 'not writable'}", advice=advice
    )
    alarm = DiskGuard(folder, config.retention.free_disk_minimum_bytes).alarm()
    yield Check("disk", good=alarm is None, finding=alarm or "room enough", advice="Free disk space.")


def _clock() -> Check:
    now = datetime.now(UTC)
    advice = "Set this machine's clock; switch time synchronisation (NTP) on."
    return Check("clock", good=now > _BUILT_AFTER, finding=f"{now:%Y-%m-%d %H:%M:%S} UTC", advice=advice)


def _broker(config: EdgeConfig, secrets: EdgeSecrets | None) -> Iterator[Check]:
    place = f"{config.broker.host}:{config.broker.port}"
    try:
        with socket.create_connection((config.broker.host, config.broker.port), timeout=_SECONDS) as connection:
            if config.broker.ca_file is not None:
                with tls_context(config.broker).wrap_socket(connection, server_hostname=config.broker.host):
                    pass
    except ssl.SSLError as error:
        advice = "Check broker.ca_file, broker.host (the certificate names it) and this machine's clock."
        yield Check("broker TLS", good=False, finding=f"{place}: {error}", advice=advice)
        return
    except OSError as error:
        advice = "Check the network and its firewall, and broker.host and broker.port in the settings."
        yield Check("broker", good=False, finding=f"{place}: {error.strerror or error}", advice=advice)
        return
    encrypted = "encrypted and trusted" if config.broker.ca_file else "reachable, NOT encrypted"
    yield Check("broker", good=True, finding=f"{place}: {encrypted}")
    if is_agent_running(config.state_dir):
        yield _running_agent(config)  # a second connection with its name would end the agent's
    elif secrets is not None:
        yield _log_in(config, secrets)


def _running_agent(config: EdgeConfig) -> Check:
    report = AgentReport.read(config.state_dir)
    if report is None or not report.connected:
        problem = (report and report.problem) or "not connected yet"
        return Check("log-in", good=False, finding=f"the running agent says: {problem}", advice="See what it says.")
    cloud = "online" if report.cloud_online else "offline (captures wait)"
    return Check("log-in", good=True, finding=f"the running agent is connected; cloud {cloud}")


def _log_in(config: EdgeConfig, secrets: EdgeSecrets) -> Check:
    """Connect as the device does, and leave at once."""
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    publisher = Publisher(
        broker=config.broker,
        device=config.device,
        password=secrets.broker_password.get_secret_value(),
        will=_offline(config),
        emit=events.put,
    )
    publisher.connect()
    try:
        event = events.get(timeout=_SECONDS)
    except queue.Empty:
        event = None
    finally:
        publisher.close()
    match event:
        case Connected():
            return Check("log-in", good=True, finding="the broker knows this device")
        case Disconnected(problem, detail):
            return Check("log-in", good=False, finding=f"{problem} ({detail})", advice="See what the finding says.")
        case _:
            advice = "Is something else than an MQTT 5 broker listening there?"
            return Check("log-in", good=False, finding="the broker does not answer", advice=advice)


def _offline(config: EdgeConfig) -> Outgoing:
    status = DeviceStatus(
        v=1,
        site=config.site,
        device=config.device,
        state=Presence.OFFLINE,
        session=uuid4(),
        agent_version="doctor",
        sent_at=datetime.now(UTC),
        outbox_depth=0,
        parked=0,
        free_disk_bytes=0,
    )
    return Outgoing(0, DeviceAddress(config.site, config.device).status(), status.encode(), retain=True)
