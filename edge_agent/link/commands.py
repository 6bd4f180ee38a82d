"""What the cloud can tell this device to do. Each order may come twice: done twice it changes nothing more."""

from collections.abc import Callable

from edge_agent.link.courier import Courier
from edge_agent.outbox.outbox import Outbox
from shared.logs import get_logger
from shared.messages import Command, CommandAction

log = get_logger(__name__)


class Commands:
    """Carries out commands, on the sender's thread.

    Args:
        on_reload: asks the agent to read its settings again; returns at once.
    """

    def __init__(self, *, outbox: Outbox, courier: Courier, on_reload: Callable[[], None]) -> None:
        self._outbox = outbox
        self._courier = courier
        self._on_reload = on_reload

    def obey(self, command: Command) -> None:
        """Do what the command says, unless it is the last one come again: a reload would end the agent once more."""
        if command.command_id == self._outbox.obeyed():
            return
        log.info("command", action=command.action, command=str(command.command_id))
        match command.action:
            case CommandAction.PAUSE:
                self._pause(paused=True)
            case CommandAction.RESUME:
                self._pause(paused=False)
            case CommandAction.REANNOUNCE:
                self._courier.reannounce()
            case CommandAction.RELOAD:
                self._on_reload()
        self._outbox.set_obeyed(command.command_id)

    def _pause(self, *, paused: bool) -> None:
        self._outbox.set_paused(paused=paused)
        self._courier.pause(paused=paused)
