"""Word documents (.docx): the package, a pass over its XML, and HTML by mammoth."""

from collections.abc import Iterator
from io import BufferedReader

from feeds.ingest.fields import Parsed
from feeds.ingest.rules import IntakeRules


def parse_word(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the one record of a Word document; see docs/sending-a-release.md."""
    # Imported when it is needed: it would stay in the memory of a service that reads no Word.
    from feeds.ingest.word.form import read_word

    yield read_word(stream, rules)
