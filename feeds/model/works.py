"""Works: what a release and its translations have in common.

Each release belongs to one work: the one that it names, else the one called as the release itself
is. So an original need say nothing, and a translation names it by what it is recognised by, its
id or its address.
"""

import re
from collections.abc import Iterable
from itertools import groupby

from feeds.model.life import Translation
from feeds.model.release import Draft, Release, SourceKey

#: Of the source keys that hold a name which a document may know; see `feeds.ingest.source_keys`.
_KINDS = ("id", "url", "file")


def called(name: str) -> str:
    """The work of that name. A site that moves to https has not written its releases anew."""
    return re.sub("^http:", "https:", name)


def work_of(release: Release | Draft) -> str:
    """The work that *release* belongs to, or will belong to."""
    kind, _, name = release.source_key.partition(":")
    return release.content.details.work or called(name if kind in _KINDS else release.source_key)


def originals_of(work: str) -> tuple[SourceKey, ...]:
    """The source keys of the releases that belong to *work* if they name none."""
    names = {work, re.sub("^https:", "http:", work)}
    return tuple(SourceKey(f"{kind}:{name}") for kind in _KINDS for name in sorted(names))


def translations_of(release: Release, members: Iterable[Release]) -> tuple[Translation, ...]:
    """The others of its work in other languages, one each, by language.

    RFC 4287 section 4.1.2 allows one alternate for each language. Of several releases in one
    language it is the one that was published first; they do not link to one another. What was
    retracted is nobody's translation, and has none.
    """
    if release.retraction is not None:
        return ()
    public = sorted(
        (each for each in members if each.retraction is None),
        key=lambda each: (each.content.language, each.content.published, each.id),
    )
    firsts = [next(same) for _, same in groupby(public, key=lambda each: each.content.language)]
    return tuple(
        Translation(language=each.content.language, slug=each.slug)
        for each in firsts
        if each.content.language != release.content.language
    )
