"""One agent a state folder: two would send everything twice and take each other's MQTT client id."""

import sqlite3
from pathlib import Path

from shared.errors import ConfigurationError

_FILE = "agent.lock"
_PATIENCE_SECONDS = 5.0  # a predecessor that is being stopped, or `status` that is just looking


class AgentLock:
    """Held until `release` or the end of the process, however that comes; by SQLite's lock, as every system has it.

    Raises:
        ConfigurationError: another agent runs on this state folder.
    """

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(state_dir / _FILE, timeout=_PATIENCE_SECONDS, isolation_level=None)
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise ConfigurationError(
                f"Another agent runs with the state folder {state_dir} ({error}): end it first, or use another one."
            ) from error

    def release(self) -> None:
        """Let the next agent in."""
        self._connection.close()


def is_agent_running(state_dir: Path) -> bool:
    """Whether an agent holds the lock of this state folder."""
    if not (state_dir / _FILE).exists():
        return False
    connection = sqlite3.connect(state_dir / _FILE, timeout=0)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False
