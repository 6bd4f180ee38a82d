"""Settings files of the two servers that the local stack runs for itself: Mosquitto and Redis."""

import os
from pathlib import Path

from cloud_service.local_stack.ports import LOOPBACK


def write_mosquitto_config(folder: Path, port: int, plugin: Path) -> Path:
    """Mosquitto's settings: loopback only, nobody anonymous, roles by the dynamic security plugin.

    `folder` must hold `dynamic-security.json`. Queues are not bounded by number, since at the bound Mosquitto drops
    messages that it has acknowledged; devices stop sending when the ingest is away, and that bounds them.
    """
    path = folder / "mosquitto.conf"
    path.write_text(
        f"""listener {port} {LOOPBACK}
allow_anonymous false
plugin {plugin}
plugin_opt_config_file {folder / "dynamic-security.json"}
persistence true
persistence_location {folder}/
autosave_interval 30
max_queued_messages 0
max_inflight_messages 512
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
{_run_as()}""",
    )
    return path


def write_redis_config(folder: Path, port: int, password: str) -> Path:
    """Redis' settings: loopback only, a password, append-only file so that a kill loses at most a second of nudges."""
    path = folder / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(
        f"""bind {LOOPBACK}
port {port}
dir "{folder}"
requirepass {password}
appendonly yes
appendfsync everysec
save ""
""",
    )
    return path


def _run_as() -> str:
    """Mosquitto started as root gives up its rights, and then fails on its own folder with exit code 0."""
    return "user root\n" if os.geteuid() == 0 else ""
