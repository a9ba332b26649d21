"""Choosing ports on loopback: those asked for, else those used before, else free ones."""

import random
import socket
from collections.abc import Mapping

from services.stack.errors import StackError

FLAGS = {"api": "--api-port", "mqtt": "--mqtt-port", "mqtts": "--mqtts-port", "database": "--db-port"}
PORT_NAMES = ("api", "mqtt", "database", "roads_truck", "roads_foot", "mqtts")
FREE_PORTS = range(20_000, 32_000)
"""Below the range from which the system takes ports for outgoing connections, so that they stay free."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(asked_for: Mapping[str, int | None], remembered: Mapping[str, int]) -> dict[str, int]:
    """Return a port for each of PORT_NAMES.

    Raises:
        StackError: a port that was asked for is in use or asked for twice.

    """
    chosen: dict[str, int] = {}
    for name in PORT_NAMES:
        port = asked_for.get(name)
        if port is not None and (port in chosen.values() or not is_free(port)):
            raise StackError(f"Port {port} is in use: choose another one with {FLAGS[name]}.")
        if port is not None:
            chosen[name] = port
    for name in PORT_NAMES:
        if name not in chosen:
            port = remembered.get(name)
            usable = port is not None and port not in chosen.values() and is_free(port)
            chosen[name] = port if port is not None and usable else _free_port(set(chosen.values()))
    return chosen


def _free_port(taken: set[int]) -> int:
    for port in random.sample(FREE_PORTS, len(FREE_PORTS)):
        if port not in taken and is_free(port):
            return port
    raise StackError(f"No port from {FREE_PORTS.start} to {FREE_PORTS.stop} is free on 127.0.0.1.")
