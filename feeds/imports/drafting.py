"""Makes drafts of imported items: source keys, the ids that readers know, what is missing."""

from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape

from feeds.errors import DocumentRefused
from feeds.html.plain_text import blocks_of, line_of
from feeds.html.tree import parse
from feeds.imports.items import IdFormat, ImportedItem, ItemState, SourceHead
from feeds.ingest import retraction_refused
from feeds.ingest.addresses import web_address
from feeds.ingest.drafting import draft
from feeds.ingest.fields import RETRACT, SourceRecord, read_language
from feeds.ingest.rules import IntakeRules
from feeds.model.intake import Refusal, RetractionRequest
from feeds.model.published_id import known_as
from feeds.model.release import Draft, SourceKey, Written

#: Marks the digest of a document that an import brought: what was corrected here has another.
IMPORTED = "import:"

#: Of a title that is made of the first words.
MADE_TITLE_CHARS = 90

#: What a release is called that has neither a title nor words.
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """What an import brings along for all of its items."""

    name: str  #: the system that the ids come from; with an id, the key of a release
    document: str  #: name of the file or the feed, for messages
    language: str | None = None  #: of items that name none

    @classmethod
    def of(
        cls, head: SourceHead, *, document: str, name: str | None, language: str | None
    ) -> "ImportSource":
        """Returns the source of an export: its name is the address of the old site, if not given.

        A site that moved to https, or that has a slash more at its end, is the same source.
        """
        address = name or head.site_url or head.id or head.url or document
        scheme, colon, rest = address.partition("://")
        is_web = colon and scheme.lower() in ("http", "https")
        return cls(
            name=rest.rstrip("/").lower() if is_web else address,
            document=document,
            language=language or _language_of(head),
        )


def draft_of(item: ImportedItem, source: ImportSource, rules: IntakeRules) -> Draft | Refusal:
    """Returns the draft of an item, or the reason why it cannot be a release.

    The address of its old page resolves relative addresses in its text. It is not kept as the
    source of the release, because it leads here from now on.

    Args:
        item: As its reader yields it.
        source: The system that it comes from.
        rules: Defaults and limits.
    """
    read = draft(_record(item, source), document=source.document, rules=rules)
    if not isinstance(read, Draft):
        return retraction_refused(read) if isinstance(read, RetractionRequest) else read
    key = source_key_of(item, source)
    known = item.known_id
    is_rss = known is not None and known.format is IdFormat.RSS
    until = read.content.published if item.state is ItemState.SCHEDULED else None
    return replace(
        read,
        source_key=key,
        content=replace(read.content, url=None),
        embargoed_until=until,
        published_id=None
        if known is None
        else known_as(
            known.value, source_key=key, is_permalink=known.is_permalink if is_rss else False
        ),
        written=read.written and as_imported(read.written),
        left_out=(*read.left_out, *_comments(item.comments)),
    )


def source_key_of(item: ImportedItem, source: ImportSource) -> SourceKey:
    """Returns the source key of an item: a digest of the source and the id that readers know.

    Without an id it is one of the address; without an address, of date and title.
    """
    own = item.known_id.value if item.known_id is not None else item.link
    if own is None:
        fields = item.record.fields
        own = f"{fields.get('published', '')} {fields.get('title', '')}"
    digest = sha256(f"{source.name}\0{own}".encode("utf-8", "surrogatepass"))
    return SourceKey(f"import:{digest.hexdigest()}")


def as_imported(written: Written, *parts: str) -> Written:
    """Returns the digest of a document that an import brought, with what else determines it."""
    digest = sha256("\0".join([written.digest, *parts]).encode()).hexdigest()[:32]
    return replace(written, digest=f"{IMPORTED}{digest}")


def _record(item: ImportedItem, source: ImportSource) -> SourceRecord:
    fields = dict(item.record.fields)
    # A link that is no address of the web costs no release.
    if not fields.get("url") and (link := web_address(item.link)) is not None:
        fields["url"] = link
    if source.language and not fields.get("language"):
        fields["language"] = source.language
    warnings = item.record.warnings
    if not _is_text(fields.get("title")):
        fields["title"] = _made_title(fields)
        warnings = (*warnings, "title: there is none; the first words are taken")
    for name in ("source_key", "id", "guid", "embargoed_until", RETRACT):
        fields.pop(name, None)
    return replace(item.record, fields=fields, warnings=warnings, is_public=True)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _made_title(fields: dict[str, object]) -> str:
    body = fields.get("body")
    if not isinstance(body, str):
        return UNTITLED
    is_html = fields.get("body_format") == "html"
    line = line_of(blocks_of(parse(body[:10_000]), language="en")) if is_html else body[:1_000]
    words = " ".join(line.split())
    if len(words) > MADE_TITLE_CHARS:
        words = words[: MADE_TITLE_CHARS + 1].rpartition(" ")[0] + " …"
    words = words or UNTITLED
    return escape(words, quote=False) if is_html else words


def _comments(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return ("1 comment" if count == 1 else f"{count} comments",)


def _language_of(head: SourceHead) -> str | None:
    if head.language is None:
        return None
    try:
        return read_language(head.language, warnings=[])
    except DocumentRefused:
        return None
