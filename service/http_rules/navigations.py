"""Who opens an address in a browser (Fetch Metadata Request Headers, W3C)."""

#: The field by which browsers tell a navigation from what scripts, readers and extensions fetch.
#: ``Sec-Fetch-Dest`` is not asked: it would have to be named in ``Vary``, too, or a cache hands
#: what an inner frame was given to the next whole page.
MODE_FIELD = "Sec-Fetch-Mode"
_NAVIGATE = "navigate"

#: With this in the query a document is a document, whoever opens it.
RAW = "raw"


def is_navigation(sec_fetch_mode: str | None) -> bool:
    """True when the address was typed, clicked or reloaded; false when the field says else, or no.

    Args:
        sec_fetch_mode: As sent; several lines come joined, and mean nothing.
    """
    return sec_fetch_mode is not None and sec_fetch_mode.strip() == _NAVIGATE


def wants_raw(query: str) -> bool:
    """True when ``raw`` is a key of a query, whatever its value, and whatever stands beside it."""
    if RAW not in query:
        return False
    return any(part.partition("=")[0] == RAW for part in query.split("&"))
