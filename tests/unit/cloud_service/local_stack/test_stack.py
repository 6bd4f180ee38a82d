"""A stack that is started again over the data of an earlier one."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud_service.local_stack.ports import free_port
from cloud_service.local_stack.stack import LocalStack, StackOptions
from shared.errors import ConfigurationError

Again = Callable[[Path], LocalStack]


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Again]:
    """Starts no program: what it finds beside the data of an agent that watches `first`."""
    stacks: list[LocalStack] = []

    def made(captures: Path) -> LocalStack:
        stacks.append(LocalStack(StackOptions(tmp_path / "data", captures)))
        return stacks[-1]

    edge = tmp_path / "data" / "edge"
    edge.mkdir(parents=True)
    (edge / "edge.toml").write_text(f"[watch]\nfolders = [{json.dumps(str(tmp_path / 'first'))}]\n")
    yield made
    for stack in stacks:
        stack.engine.dispose()


def test_an_agent_is_told_the_brokers_port_of_today(again: Again, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "data" / "ports.json").write_text(json.dumps({"mosquitto": port}))
    assert again(tmp_path / "first")._edge_program().environment == {"SMEARFLOW_EDGE_BROKER__PORT": str(port)}


@pytest.mark.parametrize("folder", ["first", "first/below"])
def test_an_agent_that_watches_the_folder_is_not_enrolled_again(again: Again, tmp_path: Path, folder: str) -> None:
    asyncio.run(again(tmp_path / folder)._enrol_edge())


def test_a_folder_that_the_agent_does_not_watch_is_said_so(again: Again, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"does not watch .*second.* --data"):
        asyncio.run(again(tmp_path / "second")._enrol_edge())
