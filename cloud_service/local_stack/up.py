"""`smearflow up`: start the stack, say where it is, and stay until a signal ends it."""

import asyncio
import signal
from collections.abc import Coroutine

from rich.console import Console

from cloud_service.accounts.users import FIRST_ADMINISTRATOR
from cloud_service.local_stack.stack import LocalStack, StackOptions
from shared.logs import configure
from shared.vocabulary import RESEARCH_USE_ONLY


def run_up(options: StackOptions) -> None:
    """Run the stack until SIGINT or SIGTERM, then stop and reap all of it.

    Raises:
        StackStartError, ConfigurationError: it did not come up; nothing is left running.
    """
    configure("up", level="WARNING")
    asyncio.run(_up(options))


async def _up(options: StackOptions) -> None:
    console = Console()
    stopped = stop_event()
    stack = LocalStack(options)
    try:
        with console.status("Starting broker, Redis, ingest, workers, beat, API and edge agent …"):
            if not await finishes_before(stopped, stack.start()):
                return
        console.print(_welcome(stack), markup=False, highlight=False, soft_wrap=True)
        await stopped.wait()
    finally:
        await stack.stop()


def _welcome(stack: LocalStack) -> str:
    options = stack.options
    return f"""
  Page       {stack.url}
  Log-in     {log_in_of(stack)}
  Captures   {options.captures.resolve()}
  Logs       {(options.data / "logs").resolve()}
  Commands   export SMEARFLOW_ENV_FILE={stack.environment_file.resolve()}

  {RESEARCH_USE_ONLY}
  Ctrl-C ends all of it."""


def log_in_of(stack: LocalStack) -> str:
    """How to log in: the first administrator's password, this once, or how to get another."""
    if stack.first_password is None:
        return f"as before; a new password: smearflow user reset {FIRST_ADMINISTRATOR}"
    return f"{FIRST_ADMINISTRATOR}   password {stack.first_password}   (shown only now)"


def stop_event() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def finishes_before(stopped: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Run `work`; False if `stopped` came first, in which case it is cancelled. Its errors are raised."""
    running = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not running.done():
        running.cancel()
        await asyncio.wait((running,))
        return False
    running.result()
    return True
