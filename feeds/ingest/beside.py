"""Takes the files that a document names and that stand beside it: their addresses go into it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TypeGuard
from urllib.parse import urlsplit

from feeds.errors import DocumentRefused, FileBesideRefused
from feeds.html.tree import Node, attribute, drop_attribute, find, inner_html, parse, set_attribute
from feeds.ingest.characters import shown
from feeds.ingest.fields import SourceRecord, items

#: The field of a record that names files, besides ``enclosures``.
MEDIA = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file that is stored now."""

    url: str
    media_type: str
    length_bytes: int
    warnings: tuple[str, ...] = ()  #: what was changed in it


#: Stores the file that a document names by a relative address, or raises `FileBesideRefused`.
KeepFile = Callable[[str], KeptFile]


def with_files_beside(
    record: SourceRecord, keep: KeepFile | None
) -> SourceRecord | DocumentRefused:
    """Returns *record* with the addresses of files in place of their names, or its refusal.

    A file that is not there is refused, as no release may be published with a broken picture. But
    in a document with an address of its own, relative addresses are those of that page; and a
    link may lead to a page of this site.

    Args:
        record: As a parser yields it.
        keep: Stores a file. None: the document stands beside nothing.
    """
    reader = _BesideReader(record, keep)
    return reader.record_or_refusal()


def without_files_beside(record: SourceRecord) -> SourceRecord:
    """Returns *record* without the files that it names beside it, for a person to add them.

    Where they are pictures in the text, their descriptions stay; what is not in the record is told.
    """
    fields, left_out = dict(record.fields), list(record.left_out)
    names = [name for name in items(fields, MEDIA) if isinstance(name, str)]
    fields.pop(MEDIA, None)
    body = fields.get("body")
    if not fields.get("url"):
        for name in _ENCLOSURES:
            kept = [one for one in items(fields, name) if not _is_beside_enclosure(one)]
            names += [str(one["url"]) for one in items(fields, name) if _is_beside_enclosure(one)]
            if name in fields:
                fields[name] = kept
        if isinstance(body, str) and _NAMES_FILES.search(body):
            root = parse(body)
            for image in find(root, "img[src]"):
                if is_beside(written := attribute(image, "src") or ""):
                    names.append(written)
                    set_attribute(image, "src", f"cid:{written}")
            fields["body"] = inner_html(root)
    left_out += [
        f"the file {shown(name)}, which is not in this one: add it below"
        for name in dict.fromkeys(names)
    ]
    return replace(record, fields=fields, left_out=tuple(left_out))


def _is_beside_enclosure(value: object) -> TypeGuard[dict[str, object]]:
    url = value.get("url") if isinstance(value, dict) else None
    return isinstance(url, str) and is_beside(url)


#: A body without these names no file beside it; parsing it takes longer than all else here.
_NAMES_FILES = re.compile(
    r"\b(?:src|href|poster|srcset)\s*=\s*[\"']?\s*(?![a-z][a-z0-9+.-]+:|[/#?\"'\s])", re.IGNORECASE
)
_SHOWN = (
    ("img", "src"),
    ("audio", "src"),
    ("video", "src"),
    ("source", "src"),
    ("video", "poster"),
)
#: What people add to the name of a file: ``photo.jpg | The bridge at dawn``.
_BAR = re.compile(r"\s*\|\s*")
_ENCLOSURES = ("enclosures", "attachments", "enclosure")


@dataclass(slots=True)
class _BesideReader:
    record: SourceRecord
    keep: KeepFile | None
    faults: list[DocumentRefused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    kept: dict[str, KeptFile] = field(default_factory=dict)

    def record_or_refusal(self) -> SourceRecord | DocumentRefused:
        fields = {name: value for name, value in self.record.fields.items() if name != MEDIA}
        if self.keep is not None:
            for name in _ENCLOSURES:
                if fields.get(name):
                    fields[name] = [*self._enclosures(name)]
            body = fields.get("body")
            if fields.get("body_format") == "html" and isinstance(body, str):
                fields["body"] = self._html(body)
        if named := [*self._media()]:
            fields["enclosures"] = [*items(fields, "enclosures"), *named]
        if self.faults:
            return self._refusal()
        warnings = (*self.record.warnings, *self.warnings)
        return replace(self.record, fields=fields, warnings=tuple(dict.fromkeys(warnings)))

    @property
    def _has_page(self) -> bool:
        return bool(self.record.fields.get("url"))

    def _media(self) -> Iterator[dict[str, object]]:
        """Yields enclosures of the files in ``media``."""
        for value in items(self.record.fields, MEDIA):
            if not isinstance(value, str):
                continue
            name, *words = _BAR.split(value.strip(), maxsplit=1)
            if not is_beside(name):
                yield {"url": name, **({"title": words[0]} if words else {})}
            elif self.keep is None:
                self._fault(MEDIA, name, "has no file beside it: it came alone", _ADDRESS)
            elif (file := self._file(name, MEDIA, is_required=True)) is not None:
                word = "alt" if file.media_type.startswith("image/") else "title"
                yield _enclosure(file) | ({word: words[0]} if words else {})

    def _enclosures(self, name: str) -> Iterator[object]:
        for number, value in enumerate(items(self.record.fields, name)):
            if not isinstance(value, dict):
                yield value
                continue
            changed = dict(value)
            for key in ("url", "thumbnail"):
                written = value.get(key)
                if not isinstance(written, str) or not is_beside(written):
                    continue
                file = self._file(
                    written, f"{name}[{number}].{key}", is_required=not self._has_page
                )
                if file is not None:
                    changed |= _enclosure(file) if key == "url" else {key: file.url}
            yield changed

    def _html(self, body: str) -> str:
        if not _NAMES_FILES.search(body):
            return body
        root = parse(body)
        for tag, name in _SHOWN:
            for node in find(root, f"{tag}[{name}]"):
                self._refer(node, name, is_required=not self._has_page)
        for node in find(root, "img[srcset], source[srcset]"):
            # The sizes of a picture whose one size is stored; a browser would choose among them.
            if is_beside(attribute(node, "srcset") or "") and not self._has_page:
                drop_attribute(node, "srcset")
        for link in find(root, "a[href]"):
            self._refer(link, "href", is_required=False)
        return inner_html(root)

    def _refer(self, node: Node, name: str, *, is_required: bool) -> None:
        written = attribute(node, name) or ""
        if not is_beside(written) or (name == "href" and not PurePosixPath(written).suffix):
            return
        file = self._file(written, "body", is_required=is_required)
        if file is not None:
            set_attribute(node, name, file.url)

    def _file(self, written: str, name: str, *, is_required: bool) -> KeptFile | None:
        """Returns a file that is stored; None, and a fault if it is required, when it is not."""
        if written not in self.kept and self.keep is not None:
            try:
                file = self.keep(written)
            except FileBesideRefused as refused:
                if is_required:
                    self._fault(name, written, refused.reason, refused.remedy)
                return None
            self.kept[written] = file
            self.warnings += [f"{name}: {shown(written)}: {each}" for each in file.warnings]
        return self.kept.get(written)

    def _fault(self, name: str, written: str, reason: str, remedy: str) -> None:
        self.faults.append(
            DocumentRefused(f"{name}: {shown(written)} {reason}", remedy=remedy, field=name)
        )

    def _refusal(self) -> DocumentRefused:
        first = self.faults[0]
        name = (first.field or "").partition("[")[0]
        return DocumentRefused(
            "; ".join(dict.fromkeys(str(each.reason) for each in self.faults)),
            remedy="; ".join(dict.fromkeys(each.remedy for each in self.faults)),
            field=first.field,
            line=self.record.lines_by_field.get(name, self.record.line),
        )


_ADDRESS = "write its address with https:// and host, or put both into the folder"


def is_beside(written: str) -> bool:
    """Whether an address names a file relative to the document: no site, no path from the root."""
    written = written.strip().replace("\\", "/")
    if not written or written.startswith(("/", "#", "?")):
        return False
    try:
        scheme = urlsplit(written).scheme
    except ValueError:
        return False
    return len(scheme) < 2  # "C:/photo.jpg" is a path, of one machine


def _enclosure(file: KeptFile) -> dict[str, object]:
    return {"url": file.url, "type": file.media_type, "length": file.length_bytes}
