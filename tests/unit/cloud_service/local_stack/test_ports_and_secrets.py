import json
import socket
import stat
from pathlib import Path

import pytest

from cloud_service.local_stack.ports import LOOPBACK, choose_ports, free_port
from cloud_service.local_stack.secrets import StackSecrets


def test_ports_are_those_of_last_time_where_they_are_free(tmp_path: Path) -> None:
    remembered = tmp_path / "ports.json"
    first = choose_ports(("a", "b"), remembered)
    assert len(set(first.values())) == 2
    assert choose_ports(("a", "b"), remembered) == first


def test_a_port_is_none_that_an_outgoing_connection_may_be_given(tmp_path: Path) -> None:
    first_of_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if first_of_outgoing < 32_768:
        pytest.skip(f"this machine gives outgoing connections ports from {first_of_outgoing} on")
    chosen = choose_ports(("a", "b", "c"), tmp_path / "ports.json")
    assert max(*chosen.values(), free_port()) < first_of_outgoing


def test_two_names_that_were_given_one_port_get_two(tmp_path: Path) -> None:
    remembered = tmp_path / "ports.json"
    one = free_port()
    remembered.write_text(json.dumps({"a": one, "b": one}))
    chosen = choose_ports(("a", "b"), remembered)
    assert chosen["a"] == one
    assert chosen["b"] != one


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    remembered = tmp_path / "ports.json"
    first = choose_ports(("a",), remembered)
    with socket.socket() as other:
        other.bind((LOOPBACK, first["a"]))
        second = choose_ports(("a",), remembered)
    assert second["a"] != first["a"]
    assert json.loads(remembered.read_text()) == second


def test_a_fixed_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        with pytest.raises(OSError, match="in use"):
            choose_ports(("a",), tmp_path / "ports.json", {"a": other.getsockname()[1]})


def test_secrets_are_random_kept_and_for_their_user_alone(tmp_path: Path) -> None:
    made = StackSecrets.load_or_make(tmp_path / "one")
    assert StackSecrets.load_or_make(tmp_path / "one") == made
    assert StackSecrets.load_or_make(tmp_path / "two") != made
    assert len(set(made.model_dump().values())) == len(made.model_dump())
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "one" / "stack.json").stat().st_mode) == 0o600
