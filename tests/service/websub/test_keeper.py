"""What the canaries' keeper says to hubs."""

from ipaddress import ip_network

from feeds.model.feed import ALL, Format
from feeds.store.database import Database
from service.outbound import Credentials, Outbound
from service.websub.keeper import CanaryKeeper
from tests.support.hub_server import running_hub
from tests.support.newsrooms import NOON, SITE, Office, catalogue


def test_a_hub_that_asks_who_is_there_is_told_and_no_other(database: Database) -> None:
    credentials = Credentials("me", "open-sesame")
    with running_hub() as asking, running_hub() as other:
        hubs = (asking.url, other.url)
        Office(database, catalogue(hubs=hubs)).publish()
        keeper = CanaryKeeper(
            database,
            Outbound([ip_network("127.0.0.0/8")], 5.0, 1000, "communique-test"),
            site=SITE,
            hubs=hubs,
            feed=ALL,
            feed_format=Format.ATOM,
            lease_s=86_400,
            own_lease_s=86_400,
            credentials={asking.url: credentials},
        )
        keeper.tend(now=lambda: NOON)
        [asked], [plain] = asking.arrivals, other.arrivals
    assert asked.headers["authorization"] == credentials.authorization
    assert "authorization" not in plain.headers
