"""What `--help` promises of every command of both programs."""

import shlex
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from cloud_service.cli import app as cloud
from edge_agent.cli import app as edge

PROGRAMS = {"smearflow": typer.main.get_command(cloud), "smearflow-edge": typer.main.get_command(edge)}


def commands_below(command: object, name: str) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for part, below in command.commands.items():
            yield from commands_below(below, f"{name} {part}")
    else:
        assert isinstance(command, TyperCommand)
        yield name, command


COMMANDS = dict(entry for name, program in PROGRAMS.items() for entry in commands_below(program, name))


def example_of(command: TyperCommand) -> str:
    """What stands behind "Example:", of several the first."""
    text = " ".join(f"{command.help or ''} {command.epilog or ''}".split())
    for opening in ("Example: ", "Examples: "):
        _, found, rest = text.partition(opening)
        if found:
            return rest.split("; ")[0]
    return ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name: str) -> None:
    assert COMMANDS[name].help
    assert name in example_of(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_name_options_that_exist(name: str) -> None:
    _, _, arguments = example_of(COMMANDS[name]).partition(f"{name} ")
    used = {word for word in shlex.split(arguments.split("|")[0].split(">")[0]) if word.startswith("--")}
    known = {option for parameter in COMMANDS[name].params for option in parameter.opts}

    assert used <= known
