"""Looks of a newsroom's own: theme, style sheet, links, and templates that may be faulty."""

import json
import re
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment, nodes

from feeds.categories import Catalogue
from service.settings import DarkSettings, LightSettings, Settings
from service.web import create_app, trial
from service.web.assets import load_assets
from service.web.looks import VARIABLES, TemplateFault
from service.web.trial import template_faults
from service.wiring import page_version
from tests.service.web.offices import CATALOGUE, CATEGORIES, SITE, open_office
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import Office, draft

BASE_URL = "https://news.example.org"
TEMPLATES = Path(__file__).parents[3] / "service" / "web" / "templates"
PAGES = Path(__file__).parents[3] / "docs" / "pages.md"


def settings_of(folder: Path, templates: dict[str, str] | None = None, **site: Any) -> Settings:
    """A configuration with these keys under ``site``, and these templates."""
    if templates:
        site["templates"] = "own"
        (folder / "own").mkdir(exist_ok=True)
        for name, text in templates.items():
            (folder / "own" / name).write_text(text, encoding="utf-8")
    main = json.dumps({"site": {"base_url": BASE_URL, **site}})
    return ConfigFolder(folder).load(main, "categories: []\n")


def client_of(office: Office, settings: Settings) -> FlaskClient:
    office.change(settings=settings)
    return create_app(office.current).test_client(use_cookies=False)


def stylesheet(client: FlaskClient) -> tuple[str, str]:
    """The address and the text of the style sheet that pages name."""
    [path] = re.findall(r'rel="stylesheet" href="([^"]+)"', client.get("/").text)
    return path, client.get(path).text


def test_the_theme_and_a_style_sheet_come_after_the_shipped_one_under_another_name(
    empty_office: Office, tmp_path: Path
) -> None:
    """The policy allows no style in a page, and need not: all of it is one file from this host."""
    plain_path, plain = stylesheet(client_of(empty_office, settings_of(tmp_path)))
    (tmp_path / "own.css").write_text(".name { color: #123 }", encoding="utf-8")
    theme = {"fonts": ["Source Sans 3", "serif"], "light": {"accent": "#7a0019"}}
    settings = settings_of(tmp_path, theme=theme, stylesheet="own.css")
    client = client_of(empty_office, settings)
    path, text = stylesheet(client)
    assert path != plain_path
    assert text.startswith(plain)
    added = text.removeprefix(plain)
    assert '--sans: "Source Sans 3", serif, system-ui, sans-serif;' in added
    assert "--accent: #7a0019;" in added
    assert added.endswith(".name { color: #123 }")
    assert client.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(plain_path).status_code == 404


def test_assets_of_a_former_configuration_are_still_there(
    empty_office: Office, tmp_path: Path
) -> None:
    """Pages that caches hold name them."""
    client = client_of(empty_office, settings_of(tmp_path))
    former, _ = stylesheet(client)
    empty_office.change(settings=settings_of(tmp_path, theme={"light": {"accent": "#7a0019"}}))
    assert stylesheet(client)[0] != former
    assert client.get(former).status_code == 200


def test_the_shipped_style_sheet_has_the_colours_that_are_the_defaults() -> None:
    css = load_assets().by_name["newsroom.css"].body.decode()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    for text, section in ((light, LightSettings()), (dark, DarkSettings())):
        colours = dict(re.findall(r"(--[\w-]+): (#\w+);", text))
        assert colours == {name: getattr(section, key) for key, name in VARIABLES.items()}


def _dark() -> Any:
    return Settings.model_validate(
        {"site": {"base_url": BASE_URL}, "categories": []}
    ).site.theme.dark


def test_links_stand_at_the_foot_of_every_page(empty_office: Office, tmp_path: Path) -> None:
    links = [{"title": "Imprint & terms", "url": "https://example.org/imprint"}]
    client = client_of(empty_office, settings_of(tmp_path, links=links))
    for path in ("/", "/feeds/all", "/nowhere"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert '<a href="https://example.org/imprint">Imprint &amp; terms</a>' in page


def test_a_template_replaces_one_or_only_a_block_of_it(
    empty_office: Office, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, {
        "base.html": '{% extends "shipped/base.html" %}{% block footer %}<p>Ours</p>{% endblock %}',
        "problem.html": '{% extends "base.html" %}{% block main %}{% include "_x.html" %}'
        "{% endblock %}",
        "_x.html": "Nothing at {{ site.title }}.",
        "hub.html": '{% extends "shipped/hub.html" %}{% block navigation %}'
        "{% block ours %}{% endblock %}{% endblock %}",
    })  # fmt: skip
    assert list(template_faults(settings)) == []
    client = client_of(empty_office, settings)
    page = client.get("/").text
    assert "<p>Ours</p>" in page
    assert 'id="subscribe"' in page
    problem = client.get("/nowhere", headers={"Accept": "text/html"}).text
    assert "Nothing at Office of Public Information." in problem
    assert "<p>Ours</p>" in problem


FAULTY = {
    "syntax": ("base.html", "<p>\n{% block x %}", 2, "Unexpected end of template"),
    "filter": ("release.html", "\n\n{{ release|nonsense }}", 3, "No filter named 'nonsense'"),
    "parent": ("feed.html", '{% extends "bass.html" %}', 1, "bass.html"),
    "variable": (
        "release.html",
        '{% extends "shipped/release.html" %}{% block main %}\n{{ release.texts }}{% endblock %}',
        2, "has no attribute 'texts'",
    ),
    "error": ("newsroom.html", "<p>\n\n{{ 1 // (releases|length - releases|length) }}", 3, "zero"),
    "gone": ("problem.html", "{% if retracted %}\n{{ retracted.when }}{% endif %}", 2, "'when'"),
    "revision": ("revision.html", "{{ stepp }}", 1, "'stepp' is undefined"),
    "hub": ("hub.html", "{{ hub.nonsense }}", 1, "nonsense"),
    "endless": ("hub.html", "\n{% for each in range(10**12) %}x{% endfor %}", 2, "Range too big"),
    "itself": ("base.html", '\n{% extends "base.html" %}', 2, "'shipped/base.html'"),
    "shipped parent": ("feed.html", '{% extends "shipped/fed.html" %}', 1, "'shipped/feed.html'?"),
    "block": (
        "base.html", '{% extends "shipped/base.html" %}\n{% block foter %}x{% endblock %}',
        2, "did you mean 'footer'?",
    ),
    "part that is not used": ("_x.html", "\n{% endif %}", 2, "Encountered unknown tag 'endif'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTY)
def test_a_faulty_template_is_found_by_file_and_line_before_it_is_used(
    tmp_path: Path, kind: str
) -> None:
    name, text, line, reason = FAULTY[kind]
    found = list(template_faults(settings_of(tmp_path, {name: text})))
    assert [fault.place.file for fault in found] == [f"own/{name}"]
    assert found[0].line == line
    assert reason in found[0].message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_loops_within_loops_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is short enough for the limit of loops.

    What is raised in a callback of the garbage collector is lost: libraries of tests have some.
    """
    monkeypatch.setattr(trial, "PAGE_WITHIN_S", 0.5)
    endless = "{% for a in range(4000) %}\n{% for b in range(4000) %}{{ a }}{% endfor %}"
    [found] = template_faults(settings_of(tmp_path, {"hub.html": f"\n{endless}{{% endfor %}}"}))
    assert (found.place.file, found.line) == ("own/hub.html", 3)
    assert "more than 0.5 s of processor time" in found.message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_limit_of_a_page_holds_where_the_first_word_of_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python drops what is raised in a finalizer, and while it collects garbage."""
    monkeypatch.setattr(trial, "PAGE_WITHIN_S", 0.05)
    limit_s = time.process_time() + 20

    class Deaf:
        def __del__(self) -> None:
            while time.process_time() < limit_s:
                pass

    def page() -> None:
        Deaf()
        while time.process_time() < limit_s:
            pass

    former = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(trial.PageUnending), trial._limited():
        page()
    assert time.process_time() < limit_s
    # Not ignored either: processes that this one starts would ignore it as well.
    assert signal.getsignal(signal.SIGVTALRM) == former


def test_a_template_that_replaces_nothing_is_a_mistake(tmp_path: Path) -> None:
    [found] = template_faults(settings_of(tmp_path, {"releases.html": "", "_part.html": ""}))
    assert found.suggestion == "release.html"
    assert str(found).startswith("own/releases.html: site.templates: replaces no template")


def test_a_template_that_fails_on_a_page_costs_only_itself(
    empty_office: Office, tmp_path: Path
) -> None:
    """No trial has every release there will be: that page is made of the shipped templates."""
    empty_office.add(draft("id:1", title="A rare case"), draft("id:2", title="A common case"))
    empty_office.publish()
    slugs = [one.release.slug for one in empty_office.newsroom.releases(limit=2)]
    rare, common = sorted(slugs, key=lambda slug: "common" in slug)
    text = "Ours\n{% if 'rare' in release.content.title %}{{ 1 // 0 }}{% endif %}"
    settings = settings_of(tmp_path, {"release.html": text})
    assert list(template_faults(settings)) == []
    empty_office.change(settings=settings)
    noted: list[TemplateFault] = []
    app = create_app(empty_office.current, on_template_fault=noted.append)
    client = app.test_client(use_cookies=False)
    assert client.get(f"/releases/{common}").text == "Ours\n"
    for _ in range(2):
        assert "<h1" in client.get(f"/releases/{rare}").text
    [fault] = noted
    assert (fault.path, fault.line) == ("own/release.html", 2)


def test_theme_links_style_sheet_and_templates_each_make_other_pages(tmp_path: Path) -> None:
    """By this digest pages are dated, and an export makes them again."""
    (tmp_path / "own.css").write_text("p {}", encoding="utf-8")
    made = {
        page_version(settings_of(tmp_path)),
        page_version(settings_of(tmp_path, theme={"light": {"accent": "#7a0019"}})),
        page_version(settings_of(tmp_path, links=[{"title": "A", "url": "https://a.example"}])),
        page_version(settings_of(tmp_path, stylesheet="own.css")),
        page_version(settings_of(tmp_path, {"base.html": "a"})),
        page_version(settings_of(tmp_path, {"base.html": "b"})),
    }
    assert len(made) == 6


def blocks_of(file: Path) -> set[str]:
    parsed = Environment(extensions=["jinja2.ext.i18n"]).parse(file.read_text(encoding="utf-8"))
    return {block.name for block in parsed.find_all(nodes.Block)}


def test_the_page_about_templates_names_each_template_and_block() -> None:
    text = PAGES.read_text(encoding="utf-8")
    written = {
        name: set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))
        for name, part in re.findall(r"^### `([\w.]+)`\n(.*?)(?=^##|\Z)", text, re.M | re.DOTALL)
    }
    templates = [file for file in sorted(TEMPLATES.glob("*.html")) if file.name[0] != "_"]
    assert written == {file.name: blocks_of(file) for file in templates}


def test_icon_and_logo_are_shown(tmp_path: Path) -> None:
    """The logo beside the name, which is its text: a screen reader says it once."""
    icon, logo = "https://example.org/icon.png", "https://example.org/logo.png"
    for has_logo in (False, True):
        site = replace(SITE, icon=icon, logo=logo) if has_logo else SITE
        folder = tmp_path / str(has_logo)
        folder.mkdir()
        office = open_office(folder, Catalogue(site, CATEGORIES, list(CATALOGUE.feeds.values())))
        page = create_app(office.current).test_client(use_cookies=False).get("/").text
        office.database.close()
        assert (f'<img src="{logo}" alt="">' in page) is has_logo
        assert (f'<link rel="icon" href="{icon}">' in page) is has_logo
