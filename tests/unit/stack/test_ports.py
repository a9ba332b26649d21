"""Ports: those asked for, else the last ones, else free ones."""

import socket
from collections.abc import Iterator

import pytest

from services.stack.errors import StackError
from services.stack.ports import FREE_PORTS, PORT_NAMES, choose_ports, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_every_name_gets_a_free_port_of_its_own() -> None:
    """Without wishes and memories all ports are different, free, and out of the way of outgoing connections."""
    chosen = choose_ports({}, {})
    assert chosen.keys() == set(PORT_NAMES)
    assert len(set(chosen.values())) == len(PORT_NAMES)
    assert all(port in FREE_PORTS and is_free(port) for port in chosen.values())


def test_remembered_ports_are_kept() -> None:
    """Ports stay from one start to the next."""
    first = choose_ports({}, {})
    assert choose_ports({}, first) == first


def test_a_remembered_port_that_somebody_took_is_replaced(taken_port: int) -> None:
    """What nobody asked for by name may move."""
    chosen = choose_ports({}, {"api": taken_port})
    assert chosen["api"] != taken_port


def test_a_port_that_was_asked_for_goes_before_a_remembered_one() -> None:
    """A wish for a port that another name had before moves that other."""
    first = choose_ports({}, {})
    chosen = choose_ports({"api": first["mqtt"]}, first)
    assert chosen["api"] == first["mqtt"]
    assert chosen["mqtt"] != first["mqtt"]


@pytest.mark.parametrize(("name", "flag"), [("api", "--api-port"), ("mqtt", "--mqtt-port"), ("database", "--db-port")])
def test_a_port_in_use_is_refused_with_its_flag(name: str, flag: str, taken_port: int) -> None:
    """The sentence names the port and the flag."""
    with pytest.raises(StackError, match=f"Port {taken_port} is in use.*{flag}"):
        choose_ports({name: taken_port}, {})


def test_one_port_for_two_is_refused() -> None:
    """The same port cannot serve two."""
    port = choose_ports({}, {})["api"]
    with pytest.raises(StackError, match="--mqtt-port"):
        choose_ports({"api": port, "mqtt": port}, {})
