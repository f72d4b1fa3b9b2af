"""feedgen's habits that must not reach us (the numbers are those of its known faults)."""

import locale
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import feedgen.entry
import feedgen.feed
import feedgen.util
import pytest

from feeds.model.feed import Format
from feeds.render import assemble, render_fragment
from feeds.render.dates import rfc822
from tests.support.rendering import SITE, entry_of, head_of


def render_everything() -> None:
    for feed_format in Format:
        fragment = render_fragment(entry_of(), feed_format, SITE)
        assemble(head_of(feed_format), feed_format, SITE, [fragment])


def test_f5_the_process_locale_is_never_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"setlocale{arguments}")

    monkeypatch.setattr(locale, "setlocale", refuse)
    render_everything()


def test_f5_feedgens_formatter_is_ours_wherever_it_is_used() -> None:
    for module in (feedgen.util, feedgen.feed, feedgen.entry):
        assert module.formatRFC2822 is rfc822


@pytest.fixture
def utf8_locale() -> Iterator[str]:
    """A process in a UTF-8 locale, as a service is; put back afterwards."""
    before = locale.setlocale(locale.LC_ALL)
    yield locale.setlocale(locale.LC_ALL, "C.UTF-8")
    locale.setlocale(locale.LC_ALL, before)


def test_f5_other_threads_read_files_undisturbed(tmp_path: Path, utf8_locale: str) -> None:
    """feedgen as it comes makes most of these reads fail, and leaves the locale changed."""
    text = tmp_path / "text"
    text.write_bytes("„Grüße“".encode())
    is_done = Event()

    def read_on() -> int:
        reads = 0
        while not is_done.is_set() or not reads:
            assert text.read_text(encoding="locale") == "„Grüße“"
            reads += 1
        return reads

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read_on) for _ in range(2)]
        writers = [pool.submit(render_everything) for _ in range(60)]
        for writer in writers:
            writer.result()
        is_done.set()
        assert all(reader.result() for reader in readers)
    assert locale.setlocale(locale.LC_ALL) == utf8_locale


@pytest.mark.parametrize(
    ("body", "written"),
    [
        pytest.param("<p>a &amp; b</p>", b"<![CDATA[<p>a &amp; b</p>]]>", id="HTML"),
        pytest.param("<p>[[a]] ></p>", b"<![CDATA[<p>[[a]] ></p>]]>", id="brackets"),
        pytest.param("<p>]]></p>", b"&lt;p&gt;]]&gt;&lt;/p&gt;", id="what ends CDATA"),
        pytest.param("<p>\r</p>", b"&lt;p&gt;&#13;&lt;/p&gt;", id="what XML makes a line feed"),
    ],
)
@pytest.mark.parametrize("summary", ["S", ""])
def test_f7_html_is_cdata_and_its_type_is_html(body: str, written: bytes, summary: str) -> None:
    """feedgen's own CDATA is of the type "CDATA"; and "]]>" in it raises."""
    entry = entry_of(body=body, summary=summary)
    assert b'<content type="html">' + written in render_fragment(entry, Format.ATOM, SITE)
    name = b"content:encoded" if summary else b"description"
    assert b"<%b>%b</%b>" % (name, written, name) in render_fragment(entry, Format.RSS, SITE)


def test_threads_render_the_same_bytes() -> None:
    entries = [entry_of(title=f"Title {number}") for number in range(40)]
    for feed_format in Format:
        alone = [render_fragment(entry, feed_format, SITE) for entry in entries]
        with ThreadPoolExecutor(8) as pool:
            together = pool.map(lambda e, f=feed_format: render_fragment(e, f, SITE), entries * 4)
            assert list(together) == alone * 4


def test_f4_no_date_comes_from_the_clock() -> None:
    today = str(datetime.now(UTC).year)
    for feed_format in Format:
        fragment = render_fragment(entry_of(), feed_format, SITE)
        assert today not in fragment.decode()
        assert today not in assemble(head_of(feed_format), feed_format, SITE, []).decode()
