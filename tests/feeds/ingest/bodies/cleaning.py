"""Helpers: HTML bodies cleaned as in the intake, and their warnings."""

from feeds.ingest.bodies.cleaning import clean_html

PAGE = "https://e.org/n/1"


def cleaned(body: str, *, url: str | None = PAGE) -> str:
    """Returns *body* as it is stored."""
    return clean_html(body, url=url, base_url="https://news.example.org", warnings=[])


def told(body: str) -> list[str]:
    """Returns the warnings about *body*, without the name of the field."""
    warnings: list[str] = []
    clean_html(body, url=PAGE, base_url="https://news.example.org", warnings=warnings)
    return [warning.removeprefix("body: ") for warning in warnings]
