"""The fault mixes that clearance is tried with: what goes wrong, and what is awkward about the town."""

from dataclasses import dataclass, replace

from firmware_sim.faults import Faults

USUAL = Faults(gps_noise_m=10.0, skip_ratio=0.03, drive_past_ratio=0.03, drivers_wait=False)
"""What every mix has beside its own fault, unless it says otherwise: noise of 10 m, and stops left out."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A name, the simulator's faults, and the awkward places and habits that the town is given.

    Shares are of the stops: `twins` have a second point 20 m on (four in ten of these are passed by), `parallel`
    ones a point on a street 30 to 45 m beside, served from there by another truck at another time, `unplanned` ones
    are followed by a point that is in no plan, at `shared` ones a second truck stands for 1 to 4 minutes and serves
    nothing, `repeated` ones are served three times, once by another truck. `quick` ones take 30 to 60 s. `foreign`
    ones have a truck of another kind stand beside them for minutes. `swapped`: two trucks drive each other's routes.
    `by_night`: from 20:00 on, over midnight and over the end of the service day.
    """

    name: str
    faults: Faults = USUAL
    twins: float = 0.0
    parallel: float = 0.0
    unplanned: float = 0.0
    shared: float = 0.0
    repeated: float = 0.0
    quick: float = 0.0
    foreign: float = 0.0
    swapped: bool = False
    by_night: bool = False


def _with(name: str, **faults: float) -> Mix:
    return Mix(name, replace(USUAL, **faults))  # type: ignore[arg-type]


MIXES: tuple[Mix, ...] = (
    _with("noise 5 m", gps_noise_m=5.0),
    Mix("noise 10 m"),
    _with("noise 15 m", gps_noise_m=15.0),
    _with("noise 25 m", gps_noise_m=25.0),
    _with("urban canyons, 30 m", canyon_drift_m=30.0),
    _with("gaps of 1-20 min", gaps_per_hour=0.5),
    _with("batches hours late", dead_spots_per_hour=0.3, dead_spot_s=7_200.0),
    _with("clocks 40 min behind", wrong_clock_s=-2_400.0),
    _with("clocks 4 min ahead", wrong_clock_s=240.0),
    _with("skipped and driven past", skip_ratio=0.1, drive_past_ratio=0.1),
    _with("waits in traffic", queue_ratio=0.1),
    _with("waits for the plan", skip_ratio=0.1, drive_past_ratio=0.1, drivers_wait=True),
    Mix("unplanned stops", unplanned=0.1),
    Mix("swapped trucks", swapped=True),
    Mix("parallel streets", parallel=0.2),
    Mix("two points 20 m apart", twins=0.2),
    Mix("wrong kind of truck", foreign=0.2),
    Mix("two trucks at a point", shared=0.2),
    Mix("three visits a day", repeated=0.2),
    Mix("night shift", by_night=True),
    Mix("quick stops, 30-60 s", quick=1.0),
    _with("a tenth not reported", forgotten_event_ratio=0.1),
    Mix(
        "a little of everything",
        replace(
            USUAL,
            canyon_drift_m=20.0,
            gaps_per_hour=0.1,
            dead_spots_per_hour=0.3,
            dead_spot_s=1_800.0,
            queue_ratio=0.01,
            forgotten_event_ratio=0.02,
        ),
        twins=0.03,
        parallel=0.03,
        unplanned=0.03,
        shared=0.03,
        repeated=0.03,
        quick=0.1,
        swapped=True,
    ),
)
"""All mixes of the table, in its order."""
