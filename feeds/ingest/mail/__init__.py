"""Messages (.eml): their parts, and what of their text is the release."""

from collections.abc import Iterator
from io import BufferedReader

from feeds.ingest.fields import Parsed
from feeds.ingest.rules import IntakeRules


def parse_mail(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the one record of a message; see docs/sending-a-release.md."""
    # Imported when it is needed: it would stay in the memory of a service that reads no mail.
    from feeds.ingest.mail.form import read_mail

    yield read_mail(stream, rules)
