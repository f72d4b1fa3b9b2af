"""The desk in a real Chromium: signed in by the form, at all widths, dark, by keyboard, by axe."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.model.feed import Site
from feeds.model.readership import AgentKind, AgentTraffic, DayCounts, ReportKey, TopicTraffic
from feeds.model.user import UserRole
from service.web import CacheMiddleware, DocumentCache, create_app
from tests.service.web.offices import SITE
from tests.service.web.shown_office import LEFTWARD_SITE, LONG_URL, open_shown_office
from tests.service.web.test_looks import (
    FOCUSED,
    MEASURE,
    RUN_AXE,
    RUN_AXE_ON_LAYOUT,
    WIDTHS,
    _next_focused,
    check,
)
from tests.support.chromium import Chromium, chromium
from tests.support.desk_browser import PASSWORD, add_user
from tests.support.installed_node import ACCESSIBILITY, node_packages
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.wire_server import make_server, port_of, running

#: Pastes HTML into the text, and returns what stands there then, and as what.
PASTE = """(() => {
    const body = document.querySelector('#body'), clipboardData = new DataTransfer();
    body.value ||= 'Two words';
    body.setSelectionRange(body.value.length, body.value.length);
    clipboardData.setData('text/html', %r);
    body.dispatchEvent(new ClipboardEvent('paste', {clipboardData, cancelable: true}));
    return [body.value, document.querySelector('input[name=body_format]:checked').value];
})()"""

#: From a field of a page, and from a word processor.
PASTES = (
    "<meta charset='utf-8'><span style='color: red'>Two words</span>",
    "<!--StartFragment--><h2>One &amp; two</h2><p>See <a href='/a'>a</a>.</p><!--EndFragment-->",
)


#: Drops files, and returns which field has them then, and what is asked about each.
DROP = """(() => {
    const dataTransfer = new DataTransfer(), target = %s;
    const all = [['a.docx', ''], ['b.jpg', 'image/jpeg'], ['c.pdf', 'application/pdf']];
    for (const [name, type] of all)
        dataTransfer.items.add(new File([name], name, {type, lastModified: 1}));
    const over = new DragEvent('dragover', {dataTransfer, cancelable: true, bubbles: true});
    const drop = new DragEvent('drop', {dataTransfer, cancelable: true, bubbles: true});
    target.dispatchEvent(over);
    target.dispatchEvent(drop);
    const names = (id) => [...document.getElementById(id).files].map((each) => each.name);
    const rows = [...document.querySelectorAll('fieldset:has([name=new_alt])')];
    const isAsked = (field) => field.getClientRects().length;
    return {
        prevented: over.defaultPrevented && drop.defaultPrevented,
        document: names('document'), file: names('file'),
        rows: rows.map((row) => row.querySelector('legend').textContent),
        asked: rows.map((row) => [...row.querySelectorAll('input')].filter(isAsked)
            .map((field) => field.type == 'checkbox' ? field.value : field.name)),
    };
})()"""


def fill(office: Office) -> dict[str, str]:
    """A draft, one that corrects, one that waits; the pages of the desk, by name."""
    add_user(office.database, "anna", *UserRole, now=NOON)
    newsroom, now = office.newsroom, later(minutes=30)
    record = {
        "title": f"A draft {LONG_URL}", "body": f"<p>{LONG_URL}</p><script></script>",
        "body_format": "html", "language": "en", "contacts": [{"name": LONG_URL}],
        "enclosures": [
            {"url": f"{LONG_URL}.png", "type": "image/png", "length": 9, "alt": LONG_URL},
            {"url": f"{LONG_URL}.pdf", "type": "application/pdf", "length": 9, "title": LONG_URL},
        ],
        "embargoed_until": "2099-01-01T00:00:00Z", "left_out": [LONG_URL, "a comment"],
    }  # fmt: skip
    plain = newsroom.drafts.begin(
        "one", record, source_key=draft("id:desk-one").source_key, by="anna", now=now
    )
    newsroom.drafts.show(plain.id, "secret", by="anna", now=now)
    public = newsroom.releases(limit=1)[0].release
    changed = {"title": "Another title", "body": "Another text.", "language": "en"}
    newsroom.drafts.begin(
        "two", changed, source_key=public.source_key, corrects=public.seen, by="anna", now=now
    )
    newsroom.drafts.begin(
        "three", {}, source_key=draft("id:desk-three").source_key, by="anna", now=now
    )
    held = replace(draft("id:held", "cooperation", title=f"It waits {LONG_URL}"),
                   embargoed_until=NOON + timedelta(days=9))  # fmt: skip
    office.add(held, now=now)
    [waiting] = [one for one in newsroom.embargoes.all() if one.draft.source_key == "id:held"]
    with office.database.transaction() as tx:
        tx.readership.add(
            DayCounts(
                day=NOON.date(),
                topics={("all", "atom"): TopicTraffic(requests=90, bytes_sent=9_000_000)},
                agents={LONG_URL: AgentTraffic(kind=AgentKind.READER, requests=90)},
                reports={ReportKey(feed="all", format="atom", service="feedly", feed_id=LONG_URL,
                                   poller=""): 1_000_000},
            ),
            salt=tx.readership.salt(NOON.date(), fresh=b"salt"),
        )  # fmt: skip
    return {
        "home": "", "account": "/account", "drafts": "/drafts", "empty form": "/write",
        "draft": "/drafts/one", "correction": "/drafts/two", "draft that lacks": "/drafts/three",
        "preview": "/preview/secret", "what waits": "/waiting",
        "calendar": f"/waiting/{waiting.until:%Y/%m}",
        "changing": f"/waiting/{waiting.release_id}/change",
        "waiting": f"/waiting/{waiting.release_id}", "releases": "/releases",
        "release": f"/releases/{public.slug}", "refused": "/drafts/none",
        "operations": "/operations", "readers": "/readers?days=30",
    }  # fmt: skip


def _sign_in(browser: Chromium, base: str) -> None:
    browser.visit(f"{base}/desk/sign-in")
    browser.run(
        "document.querySelector('#name').value = 'anna',"
        f"document.querySelector('#password').value = {PASSWORD!r},"
        "document.querySelector('#password').focus()"
    )
    browser.submit()
    assert browser.run("location.pathname") == "/desk"
    assert browser.complaints == []


@pytest.mark.parametrize("site", [SITE, LEFTWARD_SITE], ids=["en", "ar"])
def test_pages_of_the_desk_are_as_good_as_those_of_the_public(tmp_path: Path, site: Site) -> None:
    axe = (node_packages(ACCESSIBILITY) / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    office = open_shown_office(tmp_path, "/static/no-picture", site)
    pages, cache, found = fill(office), DocumentCache(), list[str]()
    app = create_app(office.current, cache, clock=lambda: later(hours=1), has_desk=True)
    server = make_server(CacheMiddleware(app, current=office.current, document_cache=cache))
    with running(server), chromium(tmp_path / "profile") as browser:
        base = f"http://127.0.0.1:{port_of(server)}"
        browser.prefer(prefers_color_scheme="light")
        browser.resize(1280)
        browser.visit(f"{base}/desk/sign-in")
        browser.run(axe)
        found += check(browser, browser.run(RUN_AXE), "sign in, by axe")
        _sign_in(browser, base)
        for name, path in pages.items():
            browser.prefer(prefers_color_scheme="light")
            browser.resize(1280)
            browser.visit(f"{base}/desk{path}")
            assert browser.run("document.querySelector('link[href*=desk]') !== null"), name
            assert browser.run("document.documentElement.lang") == site.language, name
            browser.run(axe)
            found += check(browser, browser.run(RUN_AXE), f"desk {name}, by axe")
            for width in WIDTHS:
                browser.resize(width)
                found += check(browser, browser.run(MEASURE), f"desk {name} at {width} px")
            browser.resize(WIDTHS[0])
            browser.prefer(prefers_color_scheme="dark")
            found += check(browser, browser.run(RUN_AXE_ON_LAYOUT), f"desk {name}, dark, by axe")
        browser.visit(f"{base}/desk/write")
        assert [browser.run(PASTE % paste) for paste in PASTES] == [
            ["Two words", "text"],  # left to the browser, which puts the plain text there
            ["<p>Two words</p>\n\n<h2>One &amp; two</h2><p>See <a href='/a'>a</a>.</p>", "html"],
        ]
        # Dropped on the page, outside of every field: the text into the form, the others below it.
        assert browser.run(DROP % "document.querySelector('h1')") == {
            "prevented": True,
            "document": ["a.docx"],
            "file": ["b.jpg", "c.pdf"],
            "rows": ["b.jpg", "c.pdf"],
            "asked": [["new_alt", "new_title", "new_credit", "0"], ["new_title", "new_credit"]],
        }
        assert browser.run("(document.querySelector('#new-alt-0').value = 'The bridge')")
        more = browser.run(DROP % "document.querySelector('#file')")
        assert (more["document"], more["file"]) == (["a.docx"], ["b.jpg", "c.pdf", "a.docx"])
        assert browser.run("document.querySelector('#new-alt-0').value") == "The bridge"
        assert browser.run("document.querySelectorAll('[name=new_alt]').length") == 3
        browser.run(axe)
        found += check(browser, browser.run(RUN_AXE), "desk with files chosen, by axe")
        for width in WIDTHS:
            browser.resize(width)
            found += check(browser, browser.run(MEASURE), f"desk with files chosen at {width} px")
        browser.resize(390)
        browser.prefer()
        browser.visit(f"{base}/desk{pages['waiting']}")
        browser.press("Tab")
        for index in range(1, browser.run(FOCUSED)["of"]):
            focused = _next_focused(browser, index - 1)
            if (focused["index"], focused["faults"]) != (index, []):
                found.append(f"by keyboard: {index}: {focused}")
                break
    office.database.close()
    assert not found, "\n".join(found)
