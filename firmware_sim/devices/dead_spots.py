"""Stretches without network, at random times of a truck's day."""

from collections.abc import Generator
from random import Random

import simpy

from firmware_sim.devices.device import Device


def lose_network_now_and_then(
    environment: simpy.Environment, device: Device, per_hour: float, lasts_s: float, random: Random
) -> Generator[simpy.Event]:
    """Cut `device` off `per_hour` times an hour on average, each time for about `lasts_s`."""
    while True:
        yield environment.timeout(random.expovariate(per_hour / 3600.0))
        device.lose_network()
        yield environment.timeout(lasts_s * random.uniform(0.5, 1.5))
        device.find_network()
