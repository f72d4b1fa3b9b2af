"""Pages as people see them, in a real Chromium: at four widths, enlarged, dark, by keyboard.

Each kind of page is measured and not compared with a picture, because fonts differ between
machines. A page that fails leaves its picture in ``build/pictures``.
"""

import time as clock
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from feeds.model.feed import Site
from feeds.model.release import Release
from feeds.store.changes import Changes
from service.settings import ThemeSettings
from service.settings.theme import contrast, unreadable
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from tests.service.web.offices import SITE
from tests.service.web.shown_office import LEFTWARD_SITE, open_shown_office
from tests.support.chromium import Chromium, chromium
from tests.support.installed_node import ACCESSIBILITY, node_packages
from tests.support.newsrooms import Office, later
from tests.support.wire_server import make_server, port_of, running

#: A small phone, a phone, a tablet, a desktop.
WIDTHS = (320, 390, 768, 1280)

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
MEASURE = (ACCESSIBILITY / "measure.js").read_text(encoding="utf-8")

#: The rules of WCAG 2.2, levels A and AA, and what axe's authors advise besides.
RUN_AXE = """
axe.run(document, {runOnly: RULES})
  .then(({violations}) => violations.flatMap(({id, help, nodes}) => nodes.map(
    ({html, failureSummary}) => `${id}: ${help}: ${html.slice(0, 200)}: ${failureSummary}`)))
"""
#: Those that depend on width and colours.
RUN_AXE_ON_LAYOUT = RUN_AXE.replace(
    "RULES",
    '["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]',
)
RUN_AXE = RUN_AXE.replace(
    "RULES", '["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]'
)


#: What people may set for text to read it more easily (WCAG 2.2, 1.4.12).
SPACED = """
document.styleSheets[0].insertRule(
  "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; " +
  "word-spacing: 0.16em !important; }", document.styleSheets[0].cssRules.length);
"""

NOT_SPACED = "document.styleSheets[0].deleteRule(document.styleSheets[0].cssRules.length - 1)"


def _of(title: str) -> Callable[[Release], bool]:
    return lambda release: title in release.content.title and release.retraction is None


def _in(language: str, title: str = "example.org") -> Callable[[Release], bool]:
    return lambda release: release.content.language == language and title in release.content.title


def _retracted(release: Release) -> bool:
    return release.retraction is not None


#: Each kind of page: its path, or what the release is like that it shows.
PAGES: dict[str, str | Callable[[Release], bool]] = {
    "newsroom": "/",
    "feed of all": "/feeds/all",
    "feed": "/feeds/cooperation",
    "feed in Arabic": "/feeds/lessons",
    "empty feed": "/feeds/nothing-yet",
    "ended feed": "/feeds/over",
    "feed that is gone": "/feeds/gone",
    "release with everything": _of("opened with pictures, corrected"),
    "everything in Arabic": lambda release: (
        _of("opened with pictures")(release) and _in("ar", "")(release)
    ),
    "release in Arabic": _of("كيفية"),
    "long words in German": _in("de"),
    "long words in Arabic": _in("ar"),
    "long words in Finnish": _in("fi"),
    "retracted release": _retracted,
    "no such page": "/nowhere",
    "search": "/search",
    "hits in English": "/search?q=opened+pictures",
    "hits in Arabic": f"/search?q={quote_plus('جيت هوب')}",
    "hits with long words": "/search?q=reports+annexes&from=2020-01-01",
    "search without hits": "/search?q=none&category=lessons",
    "search that says why not": "/search?q=%21",
    "all releases": "/releases",
    "month": "/releases/2026/03",
    "month of a feed": "/feeds/cooperation/2026/03",
    "hub": "/hub",
    "hub's status": "/hub/status",
}


#: Those that are written from right to left in an Arabic newsroom.
LEFTWARD = (
    "newsroom", "feed", "empty feed", "ended feed", "feed in Arabic", "everything in Arabic",
    "release in Arabic", "long words in Arabic", "no such page", "hits in Arabic",
    "all releases", "month",
)  # fmt: skip


@contextmanager
def served(folder: Path, site: Site) -> Iterator[tuple[Office, str]]:
    """The newsroom, and where its pages are served."""
    with ExitStack() as stack:
        office = open_shown_office(folder, "/static/no-picture", site)
        stack.callback(office.database.close)
        changes = Changes(office.database, of_documents=True)
        stack.callback(changes.close)
        cache = DocumentCache(detector=ChangeDetector(changes, clock=clock.monotonic))
        app = create_app(
            office.current, cache, clock=lambda: later(hours=1), has_hub=True, has_search=True
        )
        server = make_server(CacheMiddleware(app, current=office.current, document_cache=cache))
        stack.enter_context(running(server))
        yield office, f"http://127.0.0.1:{port_of(server)}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    with served(tmp_path_factory.mktemp("shown"), SITE) as opened:
        yield opened


@pytest.fixture(scope="module")
def leftward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    """The same newsroom in Arabic."""
    with served(tmp_path_factory.mktemp("leftward"), LEFTWARD_SITE) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


def path_of(office: Office, name: str) -> str:
    wanted = PAGES[name]
    if isinstance(wanted, str):
        return wanted
    listed = office.newsroom.releases(limit=100)
    return f"/releases/{next(one.release.slug for one in listed if wanted(one.release))}"


def check(browser: Chromium, faults: list[str], name: str) -> list[str]:
    """Keep a picture of a page that has faults."""
    if faults:
        PICTURES.mkdir(parents=True, exist_ok=True)
        file = PICTURES / f"{name.replace(' ', '-')}.png"
        browser.picture(file)
        return [f"see {file}", *faults]
    return []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_and_nothing_scrolls_sideways(
    site: tuple[Office, str], browser: Chromium, name: str
) -> None:
    office, base = site
    path = path_of(office, name)
    browser.prefer()
    found: list[str] = []
    browser.resize(WIDTHS[0])
    browser.visit(base + path)
    for width in WIDTHS:
        browser.resize(width)
        found += check(browser, browser.run(MEASURE), f"{name} at {width} px")
    browser.resize(640, scale=2)
    found += check(browser, browser.run(MEASURE), f"{name} at 1280 px, zoomed to 200 %")
    browser.resize(1280)
    browser.run(SPACED)
    found += check(browser, browser.run(MEASURE), f"{name} with more space")
    browser.run(NOT_SPACED)
    browser.run("document.documentElement.style.fontSize = '212.5%'")
    found += check(browser, browser.run(MEASURE), f"{name} with letters of 200 %")
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def axe() -> str:
    folder = node_packages(ACCESSIBILITY)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(
    site: tuple[Office, str], browser: Chromium, axe: str, name: str
) -> None:
    office, base = site
    found: list[str] = []
    browser.resize(1280)
    browser.prefer(prefers_color_scheme="light")
    browser.visit(base + path_of(office, name))
    browser.run(axe)
    found += check(browser, browser.run(RUN_AXE), f"{name}, light, by axe")
    browser.resize(320)
    browser.prefer(prefers_color_scheme="dark")
    found += check(browser, browser.run(RUN_AXE_ON_LAYOUT), f"{name}, dark, by axe")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", LEFTWARD)
def test_a_newsroom_from_right_to_left_is_as_good(
    leftward: tuple[Office, str], browser: Chromium, axe: str, name: str
) -> None:
    office, base = leftward
    found: list[str] = []
    browser.prefer()
    browser.resize(320)
    browser.visit(base + path_of(office, name))
    assert browser.run("document.dir") == "rtl"
    for width in (320, 1280):
        browser.resize(width)
        found += check(browser, browser.run(MEASURE), f"{name}, leftward, at {width} px")
    browser.run(axe)
    found += check(browser, browser.run(RUN_AXE), f"{name}, leftward, by axe")
    assert not found, "\n".join(found)


#: How far the newsroom's name is from where lines of the page begin, in CSS pixels.
NAME_IS_OFF = """(() => {
    const name = document.querySelector(".name a").getBoundingClientRect();
    const main = document.querySelector("main").getBoundingClientRect();
    return document.dir == "rtl" ? main.right - name.right : name.left - main.left;
})()"""


def test_the_newsrooms_name_stands_where_pages_in_another_language_begin(
    site: tuple[Office, str], leftward: tuple[Office, str], browser: Chromium
) -> None:
    browser.prefer()
    browser.resize(320)
    for (office, base), name, direction in (
        (site, "release in Arabic", "rtl"), (leftward, "release with everything", "ltr"),
    ):  # fmt: skip
        browser.visit(base + path_of(office, name))
        assert browser.run("document.dir") == direction
        assert abs(browser.run(NAME_IS_OFF)) < 40


def test_a_search_is_sent_as_a_form(site: tuple[Office, str], browser: Chromium) -> None:
    """Chromium holds redirects of forms to the page's policy, too; the host is another one here."""
    _, base = site
    browser.visit(f"{base}/")
    browser.run("document.querySelector('#q').focus(), document.querySelector('#q').value='a&b ü'")
    browser.submit()
    assert browser.run("location.pathname + location.search") == "/search?q=a%26b+%C3%BC"
    assert browser.complaints == []
    browser.run("document.querySelector('#from').value = '2020-01-01'")
    browser.run("document.querySelector('#q').focus()")
    browser.submit()  # empty fields are sent, too
    expected = "/search?q=a%26b+%C3%BC&from=2020-01-01"
    assert browser.run("location.pathname + location.search") == expected
    assert browser.complaints == []


#: Kinds of pages that together have every kind of link and button.
OPERABLE = ("newsroom", "feed", "release with everything", "hits in Arabic", "hub's status")

#: The element that has the focus: what it is, and what is wrong with how it shows that.
FOCUSED = """
(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getClientRects()[0];
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const over = document.elementFromPoint(x, y);
  const faults = [];
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)
    faults.push("no outline");
  if (!(over && (element.contains(over) || over.contains(element)))) faults.push("hidden");
  const all = [...document.querySelectorAll(
    "a[href]:not([tabindex]), button, input, select, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility());
  return {index: all.indexOf(element), of: all.length, faults,
          what: element.outerHTML.slice(0, 120)};
})()
"""


def _next_focused(browser: Chromium, index: int) -> dict[str, Any]:
    """Leave the element with that index: a date has a stop for day, month and year each."""
    found: dict[str, Any] = {}
    for _ in range(6):
        browser.press("Tab")
        found = browser.run(FOCUSED)
        if found["index"] != index:
            break
    return found


@pytest.mark.parametrize("name", OPERABLE)
@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    site: tuple[Office, str], browser: Chromium, name: str, colours: str
) -> None:
    office, base = site
    browser.resize(390)
    browser.prefer(forced_colors=colours)
    browser.visit(base + path_of(office, name))
    browser.press("Tab")
    first = browser.run(FOCUSED)
    assert first["index"] == 0
    for index in range(1, first["of"]):
        found = _next_focused(browser, index - 1)
        assert (found["index"], found["faults"]) == (index, []), found["what"]
    browser.visit(base + path_of(office, name))
    browser.press("Tab")
    assert browser.run(FOCUSED)["faults"] == []  # the link that skips what all pages begin with
    browser.press("Enter")
    assert browser.run("document.activeElement.id") == "main"


#: Texts whose colour is that of what is behind them; buttons and boxes without an edge.
INVISIBLE = """
[...document.querySelectorAll("main *, header *, footer *")].filter((element) => {
  const style = getComputedStyle(element);
  if (element.closest(".unseen") || !element.checkVisibility()) return false;
  const edge = parseFloat(style.borderTopWidth) && style.borderTopStyle !== "none";
  if (element.matches("button:not(.feed-ways *), .subscribe, .notes, .correction")) return !edge;
  let behind = element;
  while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
    behind = behind.parentElement;
  const paper = getComputedStyle(behind ?? document.body).backgroundColor;
  return element.textContent.trim() && style.color === paper;
}).map((element) => element.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("name", OPERABLE)
def test_the_systems_own_colours_hide_nothing(
    site: tuple[Office, str], browser: Chromium, name: str
) -> None:
    office, base = site
    browser.resize(390)
    for scheme in ("light", "dark"):
        browser.prefer(forced_colors="active", prefers_color_scheme=scheme)
        browser.visit(base + path_of(office, name))
        assert browser.run(INVISIBLE) == []


@contextmanager
def themed(office: Office, theme: Any) -> Iterator[None]:
    """Give the newsroom's pages a theme, until the end of the block."""
    plain = office.settings
    site = plain.site.model_copy(update={"theme": ThemeSettings.model_validate(theme)})
    office.change(settings=plain.model_copy(update={"site": site}))
    yield
    office.change(settings=plain)


#: Each colour as near to what is behind it as `communique config check` allows.
PALEST = {
    "light": {
        "background": "#ffffff", "panel": "#eeeeee",
        **dict.fromkeys(("text", "faint", "accent", "visited"), "#6c6c6c"),
    },
    "dark": {
        "background": "#111111", "panel": "#222222",
        **dict.fromkeys(("text", "faint", "accent", "visited"), "#8b8b8b"),
    },
}  # fmt: skip


def test_the_palest_colours_of_the_keys_are_the_palest_that_can_be_read() -> None:
    theme = ThemeSettings.model_validate(PALEST)
    for palette in (theme.light, theme.dark):
        assert list(unreadable(palette)) == []
        assert contrast(palette.text, palette.panel) < 4.7


@pytest.mark.parametrize("name", [*OPERABLE, "ended feed", "retracted release"])
def test_axe_agrees_with_the_check_of_colours(
    site: tuple[Office, str], browser: Chromium, axe: str, name: str
) -> None:
    """No text stands on a colour that the check does not compare it with."""
    office, base = site
    found: list[str] = []
    with themed(office, PALEST):
        browser.visit(base + path_of(office, name))
        browser.run(axe)
        for scheme in ("light", "dark"):
            browser.prefer(prefers_color_scheme=scheme)
            found += check(browser, browser.run(RUN_AXE_ON_LAYOUT), f"{name}, pale, {scheme}")
    assert not found, "\n".join(found)


#: What is on paper: what a reader could only click is not, and colours are ink's.
PRINTED = """
(() => {
  const isShown = (selector) => [...document.querySelectorAll(selector)].some(
    (element) => element.checkVisibility());
  const style = getComputedStyle(document.body);
  return {
    shown: ["nav", ".subscribe", ".copy", ".skip", "h1", ".lead-picture, .entry", ".contact-box"]
      .filter(isShown),
    colours: [style.color, style.backgroundColor],
  };
})()
"""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("newsroom", ["h1", ".lead-picture, .entry"]),
        ("release with everything", ["h1", ".lead-picture, .entry", ".contact-box"]),
    ],
)
def test_what_is_printed_is_what_can_be_read(
    site: tuple[Office, str], browser: Chromium, name: str, shown: list[str]
) -> None:
    """Black on white also by a dark theme of the newsroom's own, as a style sheet that follows."""
    office, base = site
    theme = {"light": {"background": "#000000", "panel": "#000000", "text": "#ffffff"}}
    with themed(office, theme):
        browser.resize(700)
        browser.order("Emulation.setEmulatedMedia", media="print")
        browser.visit(base + path_of(office, name))
        printed = browser.run(PRINTED)
        found = browser.run(MEASURE)
        browser.order("Emulation.setEmulatedMedia", media="")
    assert printed == {"shown": shown, "colours": ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]}
    assert found == []
