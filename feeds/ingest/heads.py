"""The head of one record: what stands there and is none of its text is taken out and kept."""

from collections.abc import Iterable

from feeds.errors import DocumentRefused
from feeds.ingest.characters import clean, shown
from feeds.ingest.embargo_words import Notice, notice_in
from feeds.ingest.html_openings import without_notices
from feeds.ingest.openings import immediate_in, opening_of


class Head:
    """Takes notices of an embargo out of the texts of a record, and "For immediate release"."""

    def __init__(self, notices: Iterable[Notice], mended: list[str]) -> None:
        """Know what a parser found already.

        Args:
            notices: That stood outside all fields.
            mended: Gets a warning for all that goes.
        """
        self.notices = list(notices)
        self._mended = mended

    def title(self, title: str) -> str:
        """*Title* without them.

        Raises:
            DocumentRefused: Nothing is left.
        """
        rest = immediate_in(title)
        if rest is not None:
            self._mended.append(f"title: left out what stands before {shown(rest)}")
        left = self._without_notice(title if rest is None else rest, "title")
        if left:
            return left
        raise DocumentRefused(
            f"the title says nothing of the release: {shown(title)}",
            remedy="give the headline as the title",
            field="title",
        )

    def summary(self, summary: str, *, field: str) -> str:
        """*Summary* without them; empty when nothing is left."""
        return "" if immediate_in(summary) == "" else self._without_notice(summary, field)

    def text(self, body: str) -> str:
        """A body of plain text without them."""
        body = clean(body, field="body", mended=self._mended).replace("\u2029", "\n\n")
        opening = opening_of(body.split("\n"), mended=self._mended, field="body")
        self.notices += opening.notices
        return "\n".join(line for line in opening.lines if line is not None)

    def html(self, body: str) -> str:
        """A body of clean HTML without notices."""
        left, notices = without_notices(body, mended=self._mended)
        self.notices += notices
        return left

    def _without_notice(self, line: str, field: str) -> str:
        notice = notice_in(line)
        if notice is None:
            return line
        self.notices.append(notice)
        self._mended.append(f"{field}: tells of an embargo: {shown(line)}")
        # What cannot be parted stays: either it is refused, or the embargo is told elsewhere.
        return line if notice.rest is None else notice.rest
