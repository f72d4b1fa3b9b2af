"""The peer: the same bodies to the same callbacks by libcurl, as its manual shows it; no more.

Nothing is signed, checked, claimed, or stored. What is the same for all is set once a handle.
"""

from collections.abc import Sequence
from typing import Any

import pycurl

from bench.figure import Unmeasurable


def deliver(callbacks: Sequence[str], body: bytes, headers: Sequence[str], *, at_once: int) -> None:
    """Post *body* to each callback, so many at a time."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, at_once)
    idle = [_handle(body, headers) for _ in range(min(at_once, len(callbacks)))]
    waiting, left = iter(callbacks), len(callbacks)
    while left:
        while idle and (callback := next(waiting, None)) is not None:
            curl = idle.pop()
            curl.setopt(pycurl.URL, callback)
            multi.add_handle(curl)
        multi.perform()
        _, well, ill = multi.info_read()
        if ill or any(curl.getinfo(pycurl.RESPONSE_CODE) != 204 for curl in well):
            raise Unmeasurable(f"libcurl alone failed: {ill}")
        for curl in well:
            multi.remove_handle(curl)
        idle += well
        left -= len(well)
        if not well:
            multi.select(0.05)
    multi.close()


def _handle(body: bytes, headers: Sequence[str]) -> Any:
    curl = pycurl.Curl()
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.POSTFIELDS, body)
    # "Expect: 100-continue" would cost a round trip.
    curl.setopt(pycurl.HTTPHEADER, [*headers, "Expect:"])
    curl.setopt(pycurl.WRITEFUNCTION, len)
    # As most of ours: documents are sent in one piece, where the callback takes it so. A larger
    # buffer than that costs time.
    curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 65_536 if len(body) < 60_000 else 524_288)
    return curl
