"""What the workers of the ingest are called at the broker, and what each of them subscribes to."""

import pytest

from services.broker.accounts import SERVICES_RULES
from services.broker.address import BrokerAddress
from services.broker.spool import spool_client_id, spool_filters

SHARED, STATUS, ALL = "$share/riqing-ingest/riqing/v1/镇/#", "riqing/v1/镇/+/+/status", "riqing/v1/镇/#"


@pytest.mark.parametrize(
    ("worker", "workers", "wanted", "unwanted"),
    [
        (1, 1, [ALL], [SHARED, STATUS]),  # alone, also after there were more
        (1, 2, [SHARED, STATUS], [ALL]),  # the first of several, also after it was alone
        (2, 2, [SHARED], []),
        (3, 9, [SHARED], []),
        (3, 2, [], [SHARED]),  # there were three: its session is to run dry
        (2, 1, [], [SHARED]),
    ],
)
def test_filters(worker: int, workers: int, wanted: list[str], unwanted: list[str]) -> None:
    """Each message goes to one worker, and words on being connected to the first; nothing comes by two ways."""
    assert spool_filters("镇", worker, workers) == (wanted, unwanted)


def test_names_differ_and_stay() -> None:
    """Each worker's session has a name of its own, the same for every run."""
    address = BrokerAddress.parse("mqtt://u:p@host")
    names = [spool_client_id(address, worker) for worker in range(1, 5)]
    assert len(set(names)) == 4
    assert names == [spool_client_id(address, worker) for worker in range(1, 5)]


def test_the_services_may_share() -> None:
    """The broker's rules name the share as it is subscribed to."""
    assert ("subscribePattern", SHARED.replace("镇/", "")) in SERVICES_RULES
