"""``kill -9`` at any moment: no release and no ping is lost."""

import json
import time
from collections import Counter
from pathlib import Path

from tests.support.hub_server import running_hub
from tests.support.running_service import Service, document, wait_until

#: Moments after a document was dropped at which everything is killed: while the file is found,
#: read and stored, while editions are made, while pings are under way, and when all is done.
MOMENTS_S = (0.0, 0.03, 0.06, 0.08, 0.1, 0.13, 0.17, 0.25, 0.4)


def test_nothing_is_lost_however_often_it_is_killed(tmp_path: Path) -> None:
    with running_hub() as hub:
        service = Service(folder=tmp_path, hubs=(hub.url,))
        for number, moment_s in enumerate(MOMENTS_S):
            service.start()
            service.drop(f"{number}.txt", document(f"Release {number}", "Finance"))
            time.sleep(moment_s)
            service.kill()
        service.start()
        expected = Counter(f"Release {number}" for number in range(len(MOMENTS_S)))
        try:
            # Each release is there once: nothing lost, nothing stored twice.
            wait_until(lambda: Counter(service.titles("finance")) == expected)
            wait_until(lambda: _all_told(service))
            assert len({item["id"] for item in service.items("finance")}) == len(MOMENTS_S)
            last = {arrival.topic: arrival.at for arrival in hub.arrivals}
            assert {
                f"{service.base_url}/feeds/finance.{f}" for f in ("atom", "rss", "json")
            } <= set(last)
        finally:
            service.stop()


def _all_told(service: Service) -> bool:
    listed = service.run("hub", "pings", "--json").stdout.splitlines()
    states = [json.loads(line) for line in listed]
    return bool(states) and all(state["state"] == "told" for state in states)
