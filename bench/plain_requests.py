"""The peer: the same bodies to the same callbacks by requests, a session a thread."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.figure import Unmeasurable


def deliver(
    callbacks: Sequence[str], body: bytes, headers: dict[str, str], *, threads: int
) -> None:
    """Post *body* to each callback, from so many threads."""
    waiting, lock = iter(callbacks), threading.Lock()

    def take() -> Iterator[str]:
        while True:
            with lock:
                callback = next(waiting, None)
            if callback is None:
                return
            yield callback

    def work() -> None:
        with requests.Session() as session:
            for callback in take():
                answer = session.post(callback, data=body, headers=headers, timeout=30)
                if answer.status_code != 204:
                    raise Unmeasurable(f"requests was answered {answer.status_code}")

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
