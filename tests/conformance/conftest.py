"""A newsroom with its hub, for all tests of a module that need no other.

It ends with the module: one that had nothing more to do still took a fortieth of a processor, to
the end of the suite.
"""

from collections.abc import Iterator

import pytest

from tests.support.hub_newsroom import HubNewsroom, running_hub_newsroom
from tests.support.hub_server import WELL, HubServer, running_hub
from tests.support.subscriber import Subscriber, loopback_hosts, running_subscriber


@pytest.fixture(scope="session")
def websub_subscriber() -> Iterator[Subscriber]:
    """A subscriber with callbacks at many hosts."""
    with running_subscriber(*loopback_hosts(30)) as subscriber:
        yield subscriber


@pytest.fixture(scope="session")
def _outside_hub() -> Iterator[HubServer]:
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def _websub_newsroom(
    tmp_path_factory: pytest.TempPathFactory,
    websub_subscriber: Subscriber,
    _outside_hub: HubServer,
) -> Iterator[HubNewsroom]:
    folder = tmp_path_factory.mktemp("websub")
    with running_hub_newsroom(folder, websub_subscriber, outside=_outside_hub) as newsroom:
        yield newsroom


@pytest.fixture
def newsroom(_websub_newsroom: HubNewsroom) -> Iterator[HubNewsroom]:
    """A running newsroom with hub, outside hub and subscriber; callbacks end with the test."""
    yield _websub_newsroom
    _websub_newsroom.leave()
    if _websub_newsroom.outside is not None:
        _websub_newsroom.outside.manner = WELL


@pytest.fixture
def subscriber(newsroom: HubNewsroom) -> Subscriber:
    """Who subscribes there."""
    return newsroom.subscriber


@pytest.fixture(scope="module")
def _restless_newsroom(
    tmp_path_factory: pytest.TempPathFactory, websub_subscriber: Subscriber
) -> Iterator[HubNewsroom]:
    with running_hub_newsroom(
        tmp_path_factory.mktemp("restless"),
        websub_subscriber,
        own_hub={"shortest_lease_seconds": 1},
        categories=("sports", "weather"),
    ) as newsroom:
        yield newsroom


@pytest.fixture
def restless(_restless_newsroom: HubNewsroom) -> Iterator[HubNewsroom]:
    """A newsroom that grants leases of a second, and whose configuration tests may change.

    What they change of its files they put back, or it is a category that no other test has.
    """
    yield _restless_newsroom
    _restless_newsroom.leave()
