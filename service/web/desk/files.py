"""Files at the desk: one that is read into a draft, those beside it, and who is shown them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, cast

from flask import Response, request
from werkzeug.datastructures import FileStorage

from feeds.errors import DocumentRefused, DraftNotFound
from feeds.ingest import FileContents, read_file, read_record
from feeds.ingest.characters import shown
from feeds.ingest.fields import REASON, RETRACT, items, read_language
from feeds.ingest.source_keys import ID_FIELDS
from feeds.model.intake import Refusal
from feeds.model.medium import MediumUse, media_in_record, media_in_text
from feeds.model.user import UserRole
from feeds.store.media import DRAFT_HOLDER
from service.logs import get_logger
from service.media import MediumRefused
from service.web.desk.entrance import DeskRefused, Needs, desk, signed_in
from service.web.desk.records import (
    DOCUMENT,
    LEFT_OUT,
    UNDESCRIBED,
    may_change,
    may_see,
    plain,
)
from service.web.media import answer_medium
from service.web.page_language import noted
from service.web.request_context import request_context

_log = get_logger(__name__)

#: A file that so many drafts name is asked about in each of them.
MAX_HOLDERS = 100

_NO_FILE = DeskRefused(
    HTTPStatus.NOT_FOUND,
    noted("There is no such file here"),
    noted("It was taken away, or what it belongs to is not for you."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFault:
    """Why a file was not taken, in the English of the intake."""

    name: str  #: of the file
    reason: str
    remedy: str
    words: str = ""  #: what the form said of it, so that it need not be written again


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFiles:
    """A record with the files of a form, and why some were not taken."""

    record: dict[str, Any]
    faults: tuple[FileFault, ...] = ()


def with_files(written: Mapping[str, Any]) -> TakenFiles:
    """Returns a record with the files of the form, and with what a file that it read says.

    Args:
        written: The record that the other fields of the form describe.
    """
    form = _FormFiles(dict(written))
    form.read_rows()
    form.read_document()
    form.add_new()
    return TakenFiles(record=form.record, faults=tuple(form.faults))


def file_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the files of a record as a form shows them."""
    return [
        {
            **{name: file.get(name) or "" for name in ("url", *_WORDS)},
            "is_picture": _is_picture(file),
            "is_decoration": not file.get("alt") and not file.get(UNDESCRIBED),
        }
        for file in _enclosures(record)
    ]


#: What people say of a file.
_WORDS = ("title", "alt", "credit")

#: Fields that the desk sets itself: whose release it is, and when and how it is published.
_OF_THE_DESK = (*ID_FIELDS, "published", "updated", "correction", "source", "source_file")


class _FormFiles:
    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self.faults: list[FileFault] = []
        self._application = request_context().application

    # The files that the form shows, and one more.

    def read_rows(self) -> None:
        """Takes what the form says of files; those that it does not show stay as they are."""
        form = request.form
        columns = (form.getlist(f"file_{name}") for name in ("url", *_WORDS))
        rows = {
            url: dict(zip(_WORDS, map(plain, words), strict=True))
            for url, *words in zip(*columns, strict=False)
        }
        before = {str(file.get("url")): file for file in _enclosures(self.record)}
        files = []
        for url, file in {**{url: self._known(url) for url in rows}, **before}.items():
            if url in form.getlist("file_remove"):
                continue
            said = rows.get(url, {})
            changed = {word: text for word, text in said.items() if text != (file.get(word) or "")}
            kept = {name: value for name, value in (file | changed).items() if value != ""}
            if url in rows:
                _mark(kept, is_decoration=url in form.getlist("file_decoration"))
            files.append(kept)
        if files or "enclosures" in self.record:
            self.record["enclosures"] = files
        if "embargoed_until" in form:
            self.record["embargoed_until"] = plain(form["embargoed_until"])

    def add_new(self) -> None:
        """Stores the files that were chosen."""
        form = request.form
        columns = [form.getlist(f"new_{word}") for word in _WORDS]
        # Scripts write words beside each file; without them a form says nothing of new files, and
        # asks when they are saved.
        for number, file in enumerate(_sent("file")):
            said = [plain(column[number]) if number < len(column) else "" for column in columns]
            self._add(
                file,
                {word: text for word, text in zip(_WORDS, said, strict=True) if text},
                is_decoration=str(number) in form.getlist("new_decoration"),
            )

    def _add(self, file: FileStorage, words: Mapping[str, str], *, is_decoration: bool) -> None:
        name, user = _file_name(file), signed_in()
        try:
            added = self._application.media.add(
                cast(BinaryIO, file.stream), name=name, by=user.name, declared_type=file.mimetype
            )
        except MediumRefused as refused:
            self.faults.append(
                FileFault(
                    name=name,
                    reason=refused.reason,
                    remedy=refused.remedy,
                    words="; ".join(words.values()),
                )
            )
            return
        # Without its name, which may tell of a release that is not public yet.
        _log.info("file stored at the desk", by=user.name, media_type=added.media_type)
        files = {str(one.get("url")): one for one in _enclosures(self.record)}
        # The same bytes again change only what is said of them now.
        entry = files.setdefault(added.url, {}) | {
            "url": added.url,
            "type": added.media_type,
            "length": added.length_bytes,
            **words,
        }
        _mark(entry, is_decoration=is_decoration)
        files[added.url] = entry
        self.record["enclosures"] = [*files.values()]
        self._tell(added.warnings)

    def _known(self, url: str) -> dict[str, Any]:
        """Returns what is known of a file that the form shows, and the draft does not have."""
        for use in media_in_text(url):
            with self._application.database.read() as tx:
                medium = tx.media.find(use.digest)
            if medium is not None:
                return {"url": url, "type": medium.media_type, "length": medium.length_bytes}
        return {"url": url}

    # A file that is read into the form.

    def read_document(self) -> None:
        """Takes the fields of a file, as far as the form does not have them."""
        file = next(iter(_sent("document")), None)
        if file is None:
            return
        rules, name = self._application.rules, _file_name(file)
        has_text = bool(self.record.get("body"))
        contents = read_file(
            file.stream.read(rules.max_file_bytes + 1),
            document=name,
            rules=rules,
            keep_picture=None if has_text else self._application.media.keeper(signed_in().name),
        )
        if isinstance(contents, Refusal):
            self.faults.append(FileFault(name=name, reason=contents.reason, remedy=contents.remedy))
        elif contents.fields.get(RETRACT):
            self.faults.append(
                FileFault(
                    name=name,
                    reason="the file retracts a release",
                    remedy="find the release under Releases, and retract it there",
                )
            )
        else:
            self._take(contents)
            _log.info("file read at the desk", by=signed_in().name)

    def _take(self, contents: FileContents) -> None:
        fields = {name: _storable(value) for name, value in contents.fields.items()}
        self._tell([*contents.left_out, *contents.warnings])
        for name in {*_OF_THE_DESK, RETRACT, REASON} & fields.keys():
            self._leave_out(name, fields.pop(name), "the desk sets this itself")
        self._take_language(fields.pop("language", None))
        self._take_lists(fields)
        if not fields.get("summary"):
            fields["summary"] = fields.pop("subtitle", None)
        body_format = fields.pop("body_format", None)
        if not self.record.get("body"):
            self.record["body_format"] = "html" if body_format == "html" else "text"
        for name in ("title", "summary", "body"):
            value = fields.pop(name, None)
            if not value:
                continue
            if self.record.get(name):
                self._leave_out(name, value, "the form has one already")
            else:
                self.record[name] = plain(str(value))
        self._take_others(fields)

    def _take_language(self, value: object) -> None:
        site = request_context().site
        if not value:
            return
        try:
            tag = read_language(str(value), warnings=[])
        except DocumentRefused as refused:
            self._leave_out("language", value, refused.reason)
            return
        if self.record.get("language") in ("", None, site.language):
            self.record["language"] = tag
        elif self.record["language"] != tag:
            self._leave_out("language", value, "the form has another one")

    def _take_lists(self, fields: dict[str, Any]) -> None:
        for name in _popped(fields, "categories"):
            if not isinstance(name, str) or not may_change(signed_in(), (name,)):
                self._leave_out("categories", name, "it is none of your categories")
            elif name not in self.record["categories"]:
                self.record["categories"] = [*self.record["categories"], name]
        for one in _popped(fields, "contacts", "contact"):
            contact = {"name": one} if isinstance(one, str) else one
            if isinstance(contact, dict):
                texts = {name: str(text) for name, text in contact.items() if text}
                self.record["contacts"] = [*(self.record.get("contacts") or ()), texts]
            else:
                self._leave_out("contacts", one, "it is no contact")
        for one in _popped(fields, "enclosures", "attachments", "enclosure"):
            file = {"url": one} if isinstance(one, str) else one
            if isinstance(file, dict) and isinstance(file.get("url"), str):
                self.record["enclosures"] = [*_enclosures(self.record), file]
            else:
                self._leave_out("enclosures", one, "it has no address")

    def _take_others(self, fields: Mapping[str, Any]) -> None:
        """Takes fields that the form does not show, except those that could not be published."""
        others = {name: value for name, value in fields.items() if not self.record.get(name)}
        tried = {**self.record, **others, "published": "2000-01-01T00:00:00Z", "id": "tried"}
        tried = {name: value for name, value in tried.items() if value not in ("", [], None)}
        tried.pop(LEFT_OUT, None)
        read = read_record(tried, document=DOCUMENT, rules=self._application.rules)
        for fault in read.faults if isinstance(read, Refusal) else ():
            name = re.split(r"[\[.]", fault.field or "")[0]
            # What the embargo is must be settled by the person, in the form.
            if name in others and name != "embargoed_until":
                self._leave_out(name, others.pop(name), fault.reason)
        self.record |= others

    def _leave_out(self, name: str, value: object, reason: str) -> None:
        self._tell([f"{name}: {shown(str(value))}: {reason}"])

    def _tell(self, sentences: Iterable[str]) -> None:
        told = [*(self.record.get(LEFT_OUT) or ()), *sentences]
        if told:
            self.record[LEFT_OUT] = list(dict.fromkeys(told))


def _popped(fields: dict[str, Any], *names: str) -> list[object]:
    """Takes lists out of fields, whatever they are called there."""
    return [one for name in names for one in items({name: fields.pop(name, None)}, name)]


def _sent(name: str) -> list[FileStorage]:
    """Returns the files of a field; a browser sends one without a name where none was chosen."""
    return [file for file in request.files.getlist(name) if file.filename]


def _file_name(file: FileStorage) -> str:
    # Some browsers sent whole paths.
    return cast(str, _storable(re.split(r"[\\/]", file.filename or "")[-1]))[:300]


def _enclosures(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(one) for one in record.get("enclosures") or () if isinstance(one, dict)]


def _mark(file: dict[str, Any], *, is_decoration: bool) -> None:
    """Notes on a picture whether it lacks a description."""
    file.pop(UNDESCRIBED, None)
    if _is_picture(file) and not file.get("alt") and not is_decoration:
        file[UNDESCRIBED] = True


def _is_picture(file: Mapping[str, Any]) -> bool:
    media_type = file.get("type") or file.get("media_type") or file.get("mime_type")
    return str(media_type or "").startswith("image/")


def _storable(value: object) -> Any:
    """Returns a value as JSON in every store can hold it."""
    text = json.dumps(value, default=str, ensure_ascii=False, allow_nan=True)
    text = text.replace("\\u0000", "").encode("utf-8", "replace").decode()
    return json.loads(text, parse_constant=str)


# Who is shown a file that is not public yet.


@desk.get("/media/<digest:digest>/<slug:name>", UserRole.WRITE)
def medium(digest: str, name: str) -> Response:
    """Answers with a file of a draft, or of what waits, to whoever may see that."""
    use, context = MediumUse(digest, name), request_context()
    with context.database.read() as tx:
        found = tx.media.find(digest)
        holders = tx.media.holders_not_public(use, limit=MAX_HOLDERS)
        is_public = tx.media.public(use) is not None
    # A change that is only looked at holds its new files by nothing yet.
    is_own = found is not None and found.added_by == signed_in().name
    if found is None or not (is_public or is_own or any(map(_may_see_holder, holders))):
        raise _NO_FILE
    return answer_medium(found, name, cache_control="no-store")


@desk.get("/preview/<slug:secret>/media/<digest:digest>/<slug:name>", Needs.NOBODY)
def preview_medium(secret: str, digest: str, name: str) -> Response:
    """Answers with a file of a draft to whoever has the address of its preview."""
    use, context = MediumUse(digest, name), request_context()
    try:
        record = context.application.newsroom.drafts.by_preview(secret).record
    except DraftNotFound:
        raise _NO_FILE from None
    with context.database.read() as tx:
        found = tx.media.find(digest)
    if found is None or use not in media_in_record(record):
        raise _NO_FILE
    return answer_medium(found, name, cache_control="no-store")


def _may_see_holder(holder: str) -> bool:
    newsroom, user = request_context().application.newsroom, signed_in()
    if holder.startswith(DRAFT_HOLDER):
        try:
            return may_see(user, newsroom.drafts.named(holder.removeprefix(DRAFT_HOLDER)))
        except DraftNotFound:
            return False
    waiting = newsroom.embargoes.by_id(holder)
    return waiting is not None and newsroom.embargoes.is_in(waiting, user.categories)
