"""Authors, as readers of XML formats bear them."""

from collections.abc import Sequence

from feeds.model.release import Person


def in_one(people: Sequence[Person]) -> Person | None:
    """*People* as one author, with all of their names; None if there are none.

    Tried with 126 entries that have several authors, in 23 libraries (docs/readers.md). Of two
    authors by themselves, in Atom or RSS, nine show the first or the last one alone, npm's
    feedparser shows the feed's instead, XML::FeedPP refuses the document, and Python's feedparser
    gives the second the first one's e-mail. Of one author with both names, none loses a name. The
    one has no address then: it would be that of one of them. Semicolons stand between names of
    which one holds a comma, as those of ministries do.
    """
    if len(people) < 2:
        return next(iter(people), None)
    names = [each.name for each in people]
    return Person(name=("; " if any("," in name for name in names) else ", ").join(names))
