"""Stretches in which a truck's receiver sees no sky, so that fixes are not even taken."""

from collections.abc import Generator
from random import Random

import simpy

from firmware_sim.devices.tracker import Tracker

SHORTEST_S, LONGEST_S = 60.0, 1_200.0


def lose_sky_now_and_then(
    environment: simpy.Environment, tracker: Tracker, per_hour: float, random: Random
) -> Generator[simpy.Event]:
    """Blind a truck's receiver `per_hour` times an hour on average, for 1 to 20 minutes, short times oftener."""
    while True:
        yield environment.timeout(random.expovariate(per_hour / 3600.0))
        tracker.sees_sky = False
        yield environment.timeout(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** random.random())
        tracker.sees_sky = True
