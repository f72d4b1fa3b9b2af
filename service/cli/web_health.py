"""Asks the web process on this machine for its health, over HTTP."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from service.settings import Settings

#: Seconds. The process answers from memory, or not at all.
WITHIN_S = 2.0

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # mapped to loopback, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHealth:
    """What the web process of this machine answers to ``/readyz``."""

    address: str  #: where it was asked
    status: str | None  #: ``ready`` or ``waiting``; None if no process answers
    reports: tuple[str, ...] = ()  #: its warnings, or why it is not ready


def web_health(settings: Settings) -> WebHealth:
    """Returns the answer of the web process on this machine."""
    host = _LOOPBACK.get(settings.http.host, settings.http.host)
    address = f"{host}:{settings.http.port}"
    connection = HTTPConnection(host, settings.http.port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        content = json.loads(connection.getresponse().read(65_536))
    except (OSError, HTTPException, ValueError):
        return WebHealth(address=address, status=None)
    finally:
        connection.close()
    if not isinstance(content, dict) or content.get("status") not in ("ready", "waiting"):
        return WebHealth(address=address, status=None)  # another program has the port
    reports = content.get("warnings") or content.get("reasons")
    listed = tuple(map(str, reports)) if isinstance(reports, list) else ()
    return WebHealth(address=address, status=content["status"], reports=listed)
