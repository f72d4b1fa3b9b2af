"""Parses a message: its subject is the title, its text the release."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from io import BufferedReader, BytesIO
from pathlib import PurePath
from urllib.parse import unquote

from feeds.errors import DocumentRefused
from feeds.html.tree import Node, attribute, find, inner_html, parse, remove, set_attribute, text_of
from feeds.ingest.characters import clean, shown
from feeds.ingest.embargo_words import notice_in
from feeds.ingest.fields import RETRACT, EmbeddedPicture, Parsed, SourceRecord
from feeds.ingest.head_block import HeadBlock, read_head_block, retraction_record
from feeds.ingest.html_records import HtmlDocument, record_of, take_head_block
from feeds.ingest.mail.parts import Kind, Leaf, header, leaves, sent_at, text_of_part
from feeds.ingest.mail.text import cut, unflowed, without_prefixes
from feeds.ingest.nesting import check_nesting
from feeds.ingest.openings import lines_of, remove_line
from feeds.ingest.paragraphs import to_paragraphs
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import read_bytes
from feeds.ingest.word import parse_word


def read_mail(stream: BufferedReader, rules: IntakeRules) -> Parsed:
    """Returns the one record of a message, or its refusal."""
    try:
        data = read_bytes(stream, max_bytes=rules.max_file_bytes, remedy="send it without files")
        return _Reader(BytesParser(policy=compat32).parsebytes(data), rules).record()
    except RecursionError:
        return DocumentRefused(
            "the message has parts in parts without end", remedy="send its text alone"
        )
    except DocumentRefused as fault:
        return fault


_SIGNATURES = ".gmail_signature, .moz-signature, [data-smartmail=gmail_signature], #Signature"
#: Answered messages as Gmail and Thunderbird mark them.
_ANSWERED = "div.gmail_quote, blockquote.gmail_quote, blockquote[type=cite]"
_ATTRIBUTIONS = ".gmail_attr, .moz-cite-prefix"
_LIST_FOOTER = re.compile(r"\s*_{5,}[ \t]*\n")


@dataclass(slots=True)
class _Reader:
    """Reads one message."""

    message: Message
    rules: IntakeRules
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    head: HeadBlock = field(default_factory=HeadBlock)
    subject: str = ""
    pictures: list[EmbeddedPicture] = field(default_factory=list)

    def record(self) -> Parsed:
        """Returns the record.

        Raises:
            DocumentRefused: The message has no text that can be read.
        """
        self.subject = header(self.message, "Subject")
        found = leaves(self.message)
        texts = [leaf for leaf in found if leaf.kind in (Kind.HTML, Kind.TEXT)]
        others = [leaf for leaf in found if leaf.kind in (Kind.PICTURE, Kind.FILE)]
        if not any(leaf.data.strip() for leaf in texts):
            record = SourceRecord(fields={**self._facts(), "body": ""}, may_be_undated=True)
            self._name(others)
            return self._attached(record, others) or _no_text(found)
        if any(leaf.kind is Kind.HTML for leaf in texts):
            record = self._html(texts, others)
        else:
            record = self._text(texts, others)
        return self._attached(record, others) or record

    # A release that is attached as a Word document.

    def _attached(self, record: SourceRecord, others: list[Leaf]) -> Parsed | None:
        """Returns the record of an attached document if that is the release, and the text a note.

        Raises:
            DocumentRefused: The release is attached and cannot be read, or it is not clear which
                of several files it is.
        """
        note = _words_of(record)
        says_so = _ATTACHED.search(note) is not None
        if RETRACT in record.fields or len(note) > (_NOTE_CHARS if says_so else _SHORT_CHARS):
            return None
        files = [leaf for leaf in others if PurePath(leaf.name.lower()).suffix in _DOCUMENTS]
        in_word = [leaf for leaf in files if leaf.name.lower().endswith(".docx")]
        if len(in_word) != 1:
            if in_word and (says_so or not note):
                raise _unclear(in_word, "which of them is the release is not clear")
            if files and says_so and len(note) <= _SHORT_CHARS:
                raise _unclear(files, "such files are not read")
            return None
        [leaf] = in_word
        attached = self._read_attached(leaf)
        if len(_words_of(attached)) <= len(note):
            return None
        return self._of_attached(record, attached, leaf, note)

    def _read_attached(self, leaf: Leaf) -> SourceRecord:
        [parsed] = parse_word(BufferedReader(BytesIO(leaf.data)), self.rules)
        if isinstance(parsed, DocumentRefused):
            raise DocumentRefused(
                f"the release is attached, and {shown(leaf.name)} cannot be read: {parsed.reason}",
                remedy=f"{parsed.remedy}; or write the release into the message",
            )
        return parsed

    def _of_attached(
        self, record: SourceRecord, attached: SourceRecord, leaf: Leaf, note: str
    ) -> SourceRecord:
        """Returns the attached release; what the message says of it, above all an embargo, counts.

        Raises:
            DocumentRefused: It is not clear until when the release is under embargo.
        """
        notices = [*record.notices, *filter(None, map(notice_in, [self.subject, *_lines(record)]))]
        ends = [each.get("embargoed_until") for each in (attached.fields, self.head.fields)]
        if all(ends) and ends[0] != ends[1]:
            raise DocumentRefused(
                f"the message is under embargo until {shown(ends[1])}, and {shown(leaf.name)} "
                f"until {shown(ends[0])}",
                remedy="state one embargo, or the same in both",
                field="embargoed_until",
            )
        if _EMBARGO.search(note) and not (any(ends) or notices or attached.notices):
            raise DocumentRefused(
                f"the release is attached, and the message may say that it is under embargo: "
                f"{shown(note)}",
                remedy="write a line such as Embargo: 2026-12-01T09:00:00+01:00 at the top of the "
                "message, or send the document by itself",
                field="embargoed_until",
            )
        facts = {name: record.fields[name] for name in ("published",) if name in record.fields}
        named = f"the attachment {_named(leaf)}"
        return replace(
            attached,
            fields={**facts, **attached.fields, **self.head.fields},
            warnings=(
                f"the release was read from the attachment {leaf.name}",
                *(each for each in record.warnings if not each.startswith("body:")),
                *attached.warnings,
            ),
            notices=(*notices, *attached.notices),
            left_out=(
                *([f"the text of the message: {shown(note)}"] if note else []),
                *(each for each in record.left_out if each != named),
                *attached.left_out,
            ),
            lines_by_field={},
        )

    # Plain text.

    def _text(self, texts: list[Leaf], others: list[Leaf]) -> SourceRecord:
        body = "\n\n".join(self._plain(leaf, is_first=leaf is texts[0]) for leaf in texts).strip()
        self._name(others)
        if RETRACT in self.head.fields:
            return retraction_record(self.head, body)
        return SourceRecord(
            fields={**self._facts(), **self.head.fields, "body": body, "body_format": "text"},
            is_whole_document=True,
            warnings=tuple(self.warnings),
            notices=tuple(self.head.notices),
            may_be_undated=True,
            left_out=tuple(self.left_out),
        )

    def _plain(self, leaf: Leaf, *, is_first: bool) -> str:
        text = clean(text_of_part(leaf, warnings=self.warnings), field="body", warnings=[])
        if not is_first and _LIST_FOOTER.match(text):
            self.left_out.append(f"the footer of a mailing list ({shown(' '.join(text.split()))})")
            return ""
        if str(leaf.part.get_param("format", "")).lower() == "flowed":
            delsp = str(leaf.part.get_param("delsp", "")).lower() == "yes"
            text = unflowed(text, deletes_space=delsp)
        lines = text.split("\n")
        filled = [index for index, line in enumerate(lines) if line.strip()]
        if is_first:
            self.head = read_head_block([lines[index] for index in filled])
            filled = filled[self.head.count :]
        found = cut([lines[index] for index in filled], subject=self.subject, is_html=False)
        self._forwarded(found.subject)
        self.left_out += found.left_out
        kept = [index for number, index in enumerate(filled) if number not in found.dropped]
        return "\n".join(lines[kept[0] : kept[-1] + 1]) if kept else ""

    # HTML.

    def _html(self, texts: list[Leaf], others: list[Leaf]) -> SourceRecord:
        markup = "\n".join(self._part_html(leaf, is_first=leaf is texts[0]) for leaf in texts)
        check_nesting(markup)
        body = parse(markup)
        self._refer(body, others)
        self._strip(body)
        return record_of(
            HtmlDocument(
                markup=inner_html(body),
                fields={**self._facts(), **self.head.fields},
                warnings=self.warnings,
                notices=self.head.notices,
                left_out=self.left_out,
                pictures=self.pictures,
                has_title_line=False,
            )
        )

    def _part_html(self, leaf: Leaf, *, is_first: bool) -> str:
        if leaf.kind is Kind.TEXT:
            return to_paragraphs(self._plain(leaf, is_first=is_first), warnings=self.warnings)
        return clean(
            text_of_part(leaf, warnings=self.warnings), field="body", warnings=self.warnings
        )

    def _strip(self, body: Node) -> None:
        """Removes what is not the release, and reads the head block, which stands above it."""
        for signature in find(body, _SIGNATURES):
            self.left_out.append(f"the signature {shown(' '.join(text_of(signature).split()))}")
            remove(signature)
        head, lines = take_head_block(lines_of(body))
        if head.count:
            self.head = head
        found = cut(list(map(str, lines)), subject=self.subject, is_html=True)
        self._forwarded(found.subject)
        if found.subject is None and not found.dropped:
            self._remove_answered(body)
        for index in found.dropped:
            remove_line(lines[index])
        self.left_out += found.left_out

    def _remove_answered(self, body: Node) -> None:
        above = find(body, _ATTRIBUTIONS)
        if not above:
            return  # a quotation may be the release's own
        self.left_out.append(
            f"the message that it answers, from {shown(' '.join(text_of(above[0]).split()))} on"
        )
        for each in [*find(body, _ANSWERED)[:1], *above]:
            remove(each)

    def _refer(self, body: Node, others: list[Leaf]) -> None:
        """Makes pictures of the message those of the record, and names the other parts."""
        by_reference = {
            reference: leaf
            for leaf in others
            if leaf.kind is Kind.PICTURE
            for reference in _references(leaf)
        }
        names: dict[int, str] = {}
        for image in find(body, "img[src]"):
            source = (attribute(image, "src") or "").strip()
            named = unquote(source[4:]) if source.lower().startswith("cid:") else source
            leaf = by_reference.get(named)
            if leaf is None:
                continue
            if id(leaf) not in names:
                is_taken = leaf.name in names.values()
                names[id(leaf)] = f"{len(names) + 1}-{leaf.name}" if is_taken else leaf.name
                self.pictures.append(
                    EmbeddedPicture(
                        name=names[id(leaf)],
                        media_type=leaf.part.get_content_type(),
                        data=leaf.data,
                        alt=attribute(image, "alt") or "",
                    )
                )
            set_attribute(image, "src", f"cid:{names[id(leaf)]}")
        self._name([leaf for leaf in others if id(leaf) not in names])

    # Facts about the message.

    def _facts(self) -> dict[str, object]:
        sent = sent_at(self.message)
        if sent is None and (written := header(self.message, "Date")):
            self.warnings.append(
                f"published: the Date of the message has no zone that is known: {shown(written)}"
            )
        title = without_prefixes(self.subject)
        return {
            **({"title": title} if title else {}),
            **({"published": sent.isoformat()} if sent is not None else {}),
        }

    def _forwarded(self, subject: str | None) -> None:
        if subject is not None:
            self.subject = subject

    def _name(self, others: list[Leaf]) -> None:
        for leaf in others:
            if leaf.part.get_content_type() == "message/rfc822":
                inner = leaf.part.get_payload(0)
                name = header(inner, "Subject") if isinstance(inner, Message) else ""
                self.left_out.append(f"the attached message {shown(name)}")
            else:
                self.left_out.append(f"the attachment {_named(leaf)}")


def _named(leaf: Leaf) -> str:
    kind = leaf.part.get_content_type()
    return leaf.name if leaf.name == kind else f"{leaf.name} ({kind})"


#: Kinds of files in which people write releases. Of these only Word's is read.
_DOCUMENTS = frozenset((".docx", ".doc", ".docm", ".odt", ".rtf", ".pages", ".pdf"))
#: A text so short is a note if a longer document is attached.
_SHORT_CHARS = 300
#: So is one that says that something is attached, up to this length.
_NOTE_CHARS = 500
_ATTACHED = re.compile(
    r"\battach|\benclos(?:ed|ing)|\banbei\b|\banlage\b|\bim anhang|\bangehängt|\bbeiliegend"
    r"|\bbeigefügt"
    r"|\bci[- ]joint|\bpi[èe]ces? jointes?|\badjunt|\banex[oa]|\bin allegato|\balleg(?:o|ato|ata)\b"
    r"|\bbijlage|\bbijgevoegd|\bво вложении|\bприлага|\bприлож|附件|附上|المرفق|مرفق",
    re.IGNORECASE,
)


#: What a note says of an embargo, however it says until when.
_EMBARGO = re.compile(
    r"(?<!\bno )(?<!\bwithout )(?<!\bohne )(?<!\bkeine )(?<!\bkein )(?<!\bsans )(?<!\bsin )"
    r"(?:embarg|sperrfrist|sperrvermerk)|эмбарго|ембарго|解禁|エンバーゴ|엠바고|الحظر|حظر النشر"
    r"|\b(?:not|nicht|pas|no|non|não|nicht)\b.{0,60}\b(?:before|until|vor|avant|antes|prima)\b",
    re.IGNORECASE,
)


def _lines(record: SourceRecord) -> list[str]:
    """Returns the lines of a body, without markup."""
    body = str(record.fields.get("body") or "")
    if record.fields.get("body_format") == "html":
        return [str(line) for line in lines_of(parse(body))]
    return body.split("\n")


def _words_of(record: SourceRecord) -> str:
    return " ".join(" ".join(_lines(record)).split())


def _unclear(files: list[Leaf], why: str) -> DocumentRefused:
    names = ", ".join(leaf.name for leaf in files)
    return DocumentRefused(
        f"the release is not in the message, and {shown(names)} is attached: {why}",
        remedy="write the release into the message, or send one Word document (.docx)",
        field="body",
    )


def _references(leaf: Leaf) -> Iterator[str]:
    """Yields by what HTML refers to a picture."""
    if content_id := header(leaf.part, "Content-ID"):
        yield content_id.removeprefix("<").removesuffix(">")
    if location := header(leaf.part, "Content-Location"):
        yield location


def _no_text(found: list[Leaf]) -> DocumentRefused:
    if any(leaf.part.get_content_type() == "message/rfc822" for leaf in found):
        return DocumentRefused(
            "the message only holds another one, forwarded as an attachment",
            remedy="save that message itself as .eml",
        )
    files = ", ".join(leaf.name for leaf in found)
    return DocumentRefused(
        f"the message has no text{f', only {shown(files)}' if files else ''}",
        remedy="write the release into the message, or send the file by itself",
        field="body",
    )
