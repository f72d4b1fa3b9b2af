"""What the model asks of text and time, checked where a value is made."""

import re
from datetime import UTC, datetime, timedelta

from feeds.errors import InvalidRelease

#: Everything outside XML 1.0 ``Char`` (section 2.2): no XML document can hold these, not even
#: as a character reference. Lone surrogates are among them.
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FORBIDDEN_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")


def is_xml_text(text: str) -> bool:
    """True when an XML 1.0 document can hold *text*."""
    # As the pattern says, but three times as fast, and every text that is stored is asked.
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # lone surrogates
        return False
    if len(encoded.translate(None, _FORBIDDEN_CONTROLS)) < len(encoded):
        return False
    return "\ufffe" not in text and "\uffff" not in text


def fold(name: str) -> str:
    """A category name as it is compared: case and white space do not count.

    ``casefold`` rather than ``lower``: the German *ß* and *SS* are one name.
    """
    return " ".join(name.split()).casefold()


def require_utc(release_id: str, field: str, moment: datetime) -> None:
    """Refuse a moment without a zone, or in another zone than UTC.

    Raises:
        InvalidRelease: *moment* is naive or has another offset than zero.
    """
    if moment.utcoffset() is None:
        raise InvalidRelease(release_id, field, "has no time zone")
    if moment.utcoffset() != timedelta(0):
        raise InvalidRelease(release_id, field, f"is not in UTC: {moment.isoformat()}")


def whole_second(moment: datetime) -> datetime:
    """*Moment* in UTC without its fraction of a second: RSS and HTTP dates have none."""
    return moment.astimezone(UTC).replace(microsecond=0)
