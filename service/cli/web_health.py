"""Asks the web process on this machine for its health, over HTTP."""

import json
from http.client import HTTPConnection, HTTPException

from service.settings import Settings

#: Seconds. The process answers from memory, or not at all.
WITHIN_S = 2.0

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # mapped to loopback, not bound


def web_process_warnings(settings: Settings) -> list[str]:
    """Returns its warnings or why it is not ready; empty when all is well or no process answers."""
    host = _LOOPBACK.get(settings.http.host, settings.http.host)
    connection = HTTPConnection(host, settings.http.port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        content = json.loads(connection.getresponse().read(65_536))
    except (OSError, HTTPException, ValueError):
        return []
    finally:
        connection.close()
    if not isinstance(content, dict):
        return []
    reports = content.get("warnings") or content.get("reasons")
    return [str(each) for each in reports] if isinstance(reports, list) else []
