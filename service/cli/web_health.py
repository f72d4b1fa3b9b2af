"""What the web process on this machine says of itself, asked over HTTP."""

import json
from http.client import HTTPConnection, HTTPException

from service.settings import Settings

#: It answers from memory, or not at all.
WITHIN_S = 2.0

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what to ask, not to bind


def told_by_web_process(settings: Settings) -> list[str]:
    """Return what it warns of, or why it is not ready; nothing when there is none, or no fault."""
    host = _EVERYWHERE.get(settings.http.host, settings.http.host)
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
    told = content.get("warnings") or content.get("reasons")
    return [str(each) for each in told] if isinstance(told, list) else []
