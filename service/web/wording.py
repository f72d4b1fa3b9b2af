"""Words for a person: dates, sizes, languages. English, without the machine's locale."""

from datetime import UTC, datetime
from unicodedata import bidirectional
from urllib.parse import unquote, urlsplit

from feeds.model.direction import direction

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

#: Between one unit of a size and the next.
STEP = 1000


def day(moment: datetime) -> str:
    """Write a date: ``21 May 2019``. In UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def minute(moment: datetime) -> str:
    """Write a date and time with its zone: ``21 May 2019, 16:38 UTC``."""
    moment = moment.astimezone(UTC)
    return f"{day(moment)}, {moment.hour:02}:{moment.minute:02} UTC"


def machine(moment: datetime) -> str:
    """Write a moment for ``<time datetime>`` (RFC 3339): ``2019-05-21T16:38:50Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_direction(text: str, language: str) -> str:
    """Tell how one line is written: a title may be in Latin letters though its release is not.

    Not left to ``dir=auto``, which goes by the first letter: ``PostgreSQL 14`` begins many a
    Hebrew title.
    """
    natural = direction(language)
    if natural == "rtl" and not any(bidirectional(letter) in {"R", "AL"} for letter in text):
        return "ltr"
    return natural


def size(length_bytes: int) -> str:
    """Write a file's size in decimal units, as shops and systems do: ``1.4 MB``."""
    amount = float(length_bytes)
    for unit in ("bytes", "kB", "MB"):
        # Rounded first: 999,999 bytes are 1.0 MB and not 1000 kB.
        if round(amount) < STEP:
            has_fraction = unit != "bytes" and amount < STEP / 100
            return f"{amount:.1f} {unit}" if has_fraction else f"{amount:.0f} {unit}"
        amount /= STEP
    return f"{amount:.1f} GB"


def file_name(url: str) -> str:
    """Name a file by the end of its address, or by its host when it has none."""
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def host(url: str) -> str:
    """Name where an address lies: ``justice.gov``."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def local(url: str) -> str:
    """Take scheme and host off one of our own addresses, for links from page to page.

    They then also work where a page is looked at under another name, as ``127.0.0.1`` for
    ``localhost``; the path still comes from the configured base URL, never from the request.
    """
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc="").geturl() or "/"
