"""Somebody who publishes one release after the other, while something else happens."""

import json
import threading
from http.client import HTTPConnection, HTTPException

from tests.support.command_line import CommandLine
from tests.support.running_service import Service

#: Between two releases. Without it most of a processor would be spent on the editions of hundreds.
PAUSE_S = 0.02


class Publishing:
    """Publishes releases through the API until the end of the block, also while none is taken."""

    def __init__(self, service: Service, token: str) -> None:
        """Publish at this service, with a token for it."""
        self._service = service
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)
        #: The source keys of releases that the service said it has.
        self.acknowledged: list[str] = []
        self.refused: list[int] = []  #: the statuses of the other answers

    def __enter__(self) -> "Publishing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _publish(self) -> None:
        number = 0
        while not self._is_over.is_set():
            number += 1
            status = self._put(number)
            self._is_over.wait(PAUSE_S)
            if status == 201:
                self.acknowledged.append(f"id:n{number}")
            elif status is not None:
                self.refused.append(status)

    def _put(self, number: int) -> int | None:
        content = {
            "title": f"Release {number}",
            "body": "Words. " * 200,
            "published": "2026-01-05T09:00:00Z",
            "categories": ["Finance"],
        }
        connection = HTTPConnection("127.0.0.1", self._service.port, timeout=30)
        try:
            path = f"/api/v1/releases/n{number}"
            connection.request("PUT", path, body=json.dumps(content), headers=self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, HTTPException):
            self._is_over.wait(0.05)  # nobody listens
            return None
        finally:
            connection.close()


def token_of(service: Service) -> str:
    """Make a token with which releases can be published."""
    service.write_main({"api": {"requests_per_minute": 100_000, "burst": 100_000}})
    made = CommandLine(service=service).run("token", "make", "desk", "--action", "publish")
    return made.out.split()[-1]


def source_keys(service: Service) -> set[str]:
    """The source keys of all releases in its store."""
    with service.opened_store() as database, database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT source_key FROM releases")
        return {key for (key,) in rows}
