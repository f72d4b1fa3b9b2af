"""HTML bodies cleaned as intake cleans them, with what is told of it."""

from feeds.ingest.bodies.cleaning import clean_html

PAGE = "https://e.org/n/1"


def cleaned(body: str, *, url: str | None = PAGE) -> str:
    """*Body* as it is stored."""
    return clean_html(body, url=url, base_url="https://news.example.org", warnings=[])


def told(body: str) -> list[str]:
    """The warnings on *body*, without the field's name."""
    warnings: list[str] = []
    clean_html(body, url=PAGE, base_url="https://news.example.org", warnings=warnings)
    return [warning.removeprefix("body: ") for warning in warnings]
