"""Every text of pages is a message, and every catalogue has all of them."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from gettext import c2py
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment
from jinja2.lexer import TOKEN_DATA

from feeds.model.phrases import phrase_versions
from tests import messages

CATALOGUES = sorted(path.stem for path in messages.FOLDER.glob("*.po"))

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
#: The names of placeholders that say how many.
NUMBERS = {"num", "number"}
TAG = re.compile(r"<[^>]+>")

#: Attributes that are read out, or shown.
SPOKEN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}


@cache
def _template() -> Catalog:
    """All messages: not read where tests are only collected, which each worker does."""
    return messages.template()


def wanted() -> Iterator[Message]:
    """All messages, as they stand in templates and code."""
    return (message for message in _template() if message.id)


def key_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> list[str]:
    """The texts of a message: one, or one for each plural form."""
    texts = message.string or ()
    return [texts] if isinstance(texts, str) else list(texts)


def name(message: Message) -> str:
    return f"{message.context or ''} {message.id!r}".strip()


def test_catalogues_are_for_the_languages_of_the_united_nations_and_german() -> None:
    assert {*CATALOGUES} >= {"ar", "de", "es", "fr", "ru", "zh"}


def test_languages_of_pages_have_phrases_in_feeds_too() -> None:
    """A page shows the corrections of a release with the phrases of its entry."""
    assert {*CATALOGUES} <= {*phrase_versions()}


@pytest.mark.parametrize("tag", CATALOGUES)
def test_a_catalogue_has_every_message_and_no_other(tag: str) -> None:
    """``python -m tests.messages`` brings catalogues up to date; then they want translations."""
    catalogue = messages.read(tag)
    stored = {(message.context, key_of(message)): message for message in catalogue if message.id}
    keys = {(message.context, key_of(message)) for message in wanted()}
    assert [key for key in keys if key not in stored] == []
    assert [key for key in stored if key not in keys] == []
    assert [*catalogue.obsolete] == []
    assert [name(each) for each in stored.values() if each.fuzzy] == []
    assert [name(each) for each in stored.values() if not all(forms(each))] == []


def forms_of_one_number(catalogue: Catalog) -> set[int]:
    """The plural forms for exactly one number, which may be written as a word: Arabic's dual."""
    form_of = c2py(catalogue.plural_expr)
    counted = Counter(form_of(number) for number in range(1_000))
    return {form for form, count in counted.items() if count == 1}


@pytest.mark.parametrize("tag", CATALOGUES)
def test_a_translation_keeps_placeholders_and_markup(tag: str) -> None:
    faults = []
    catalogue = messages.read(tag)
    single = forms_of_one_number(catalogue)
    for message in catalogue:
        originals = [message.id] if isinstance(message.id, str) else [*message.id]
        for form, text in enumerate(forms(message) if message.id else ()):
            is_single = len(originals) > 1 and form in single
            needed = set(PLACEHOLDER.findall(originals[-1])) - (NUMBERS if is_single else set())
            allowed = {each for original in originals for each in PLACEHOLDER.findall(original)}
            found = set(PLACEHOLDER.findall(text))
            if not needed <= found <= allowed:
                faults.append(f"{name(message)}: placeholders")
            if sorted(TAG.findall(text)) != sorted(TAG.findall(originals[-1])):
                faults.append(f"{name(message)}: markup")
            if len(re.findall(r"%(?!\(\w+\)[sd]|%)", text)) > 0:
                faults.append(f"{name(message)}: a percent sign that is not doubled")
    assert faults == []


@pytest.mark.parametrize("tag", CATALOGUES)
def test_a_catalogue_has_the_plural_forms_of_its_language(tag: str) -> None:
    """CLDR: Arabic has six, Chinese one."""
    catalogue = messages.read(tag)
    header = (messages.FOLDER / f"{tag}.po").read_text(encoding="utf-8").split("\n\n")[0]
    [declared] = re.findall(r"nplurals=(\d)", header)
    assert int(declared) == catalogue.num_plurals
    # CLDR counts forms of fractions and of millions, which gettext has not.
    assert catalogue.num_plurals <= len(Locale.parse(tag, sep="-").plural_form.tags) + 1
    plural = [each for each in catalogue if each.id and not isinstance(each.id, str)]
    assert {len(forms(each)) for each in plural} <= {int(declared)}


@pytest.mark.parametrize("tag", CATALOGUES)
def test_a_catalogue_is_written_as_its_tool_writes_it(tag: str) -> None:
    """So that bringing it up to date shows what changed, and nothing else."""
    path = messages.FOLDER / f"{tag}.po"
    assert path.read_bytes() == messages.update(tag), "python -m tests.messages"


#: What macros and blocks write into a tag: attributes, and where a link leads.
NO_WORDS = re.compile(r'[\w-]+="[^"]*"|#\w+')


class WordsOutside(HTMLParser):
    """Finds words that stand in a template as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self._note(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for attribute, value in attrs:
            if attribute in SPOKEN_ATTRIBUTES or (tag == "meta" and attribute == "content"):
                self._note(value or "")

    def _note(self, text: str) -> None:
        if re.search(r"[^\W\d_]", NO_WORDS.sub("", text)):
            self.found.append(text.strip())


#: What is no text for people, though it stands where texts do.
NO_TEXT = {
    "width=device-width, initial-scale=1", "light dark", "website", "article", "noindex",
}  # fmt: skip


@pytest.mark.parametrize("path", messages.templates(), ids=lambda path: path.name)
def test_a_template_has_no_words_that_are_no_message(path: Path) -> None:
    """Words stand in ``_()`` or ``{% trans %}``; other words would be English in every language."""
    lexer = Environment(extensions=["jinja2.ext.i18n"])
    written = []
    source = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", path.read_text("utf-8"), flags=re.S)
    for _, kind, text in lexer.lex(source):
        if kind == TOKEN_DATA:
            written.append(text)
        elif kind in {"variable_begin", "block_begin"}:
            written.append("\x00")
    parser = WordsOutside()
    parser.feed("".join(written))
    parser.close()
    assert [text for text in parser.found if text not in NO_TEXT] == []
