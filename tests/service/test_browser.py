"""Pages in a real browser: styled, scripted, and without a complaint on its console."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import visit
from tests.support.firefox import firefox
from tests.support.running_service import ROOT, Service, running, wait_until

SAMPLES = ROOT / "config" / "samples"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with releases in several languages."""
    described = Service(folder=tmp_path_factory.mktemp("browsed"))
    described.write_main({"own_hub": {"offered": True}})
    with running(described) as service:
        for name in ("arabr-ar.jsonl", "000_e053d2e383822934.txt"):
            service.drop(name, (SAMPLES / name).read_text(encoding="utf-8"))
        wait_until(lambda: len(service.titles()) == 3)
        yield service


@pytest.mark.parametrize("path", ["/", "/feeds/cooperation", "/feeds/all"])
def test_a_page_works_and_the_browser_has_nothing_to_complain_of(
    service: Service, path: str, tmp_path: Path
) -> None:
    seen = visit(service.base_url + path, profile=tmp_path)
    assert seen.complaints == []
    assert "CTED participates in Dushanbe Process Conference" in seen.dom
    # The script ran: without a script the buttons stay hidden.
    buttons = re.findall(r"<button[^>]*>Copy the address", seen.dom)
    assert buttons
    assert not [button for button in buttons if "hidden" in button]


def test_the_page_of_hubs_has_nothing_to_complain_of_either(
    service: Service, tmp_path: Path
) -> None:
    seen = visit(f"{service.base_url}/hub/status", profile=tmp_path)
    assert seen.complaints == []
    assert "Whether pushes arrive" in seen.dom


def test_an_arabic_release_reads_from_right_to_left(service: Service, tmp_path: Path) -> None:
    [page] = [item["url"] for item in service.items() if str(item["title"]).startswith("كيفية بدء")]
    seen = visit(str(page), profile=tmp_path)
    assert seen.complaints == []
    assert 'lang="ar"' in seen.dom
    assert 'dir="rtl"' in seen.dom


def test_the_hubs_page_is_dressed_as_the_others(service: Service, tmp_path: Path) -> None:
    seen = visit(f"{service.base_url}/hub", profile=tmp_path)
    assert seen.complaints == []
    assert f"curl -i {service.base_url}/hub" in seen.dom


def test_the_browser_would_complain(service: Service, tmp_path: Path) -> None:
    """The other tests see nothing because there is nothing: a broken page is noticed."""
    page = tmp_path / "broken.html"
    page.write_text("<script>console.error('broken')</script>", encoding="utf-8")
    assert visit(page.as_uri(), profile=tmp_path / "profile").complaints != []


def test_a_feed_opened_in_chromium_is_its_page_and_the_document_a_click_away(
    service: Service, tmp_path: Path
) -> None:
    seen = visit(f"{service.base_url}/feeds/all.rss", profile=tmp_path / "page")
    assert seen.complaints == []
    assert "Subscribe to this feed" in seen.dom
    [raw] = re.findall(r'href="(/feeds/all\.rss\?raw)"', seen.dom)
    shown = visit(service.base_url + raw, profile=tmp_path / "raw").dom
    assert "Subscribe to this feed" not in shown
    assert "&lt;rss" in shown or "<rss" in shown


def test_a_feed_opened_in_firefox_is_its_page_and_what_a_script_fetches_is_the_document(
    service: Service, tmp_path: Path
) -> None:
    with firefox(tmp_path / "profile") as browser:
        # A page that lets scripts ask whom they like, as an extension's is.
        browser.visit("about:blank")
        atom = f"{service.base_url}/feeds/all.atom"
        assert browser.fetched(atom) == "application/atom+xml; charset=utf-8"
        # The document is in the browser's cache by now, and still is not what is shown.
        assert browser.visit(atom) == f"{service.base_url}/feeds/all"
        assert "Subscribe to this feed" in browser.page
        browser.visit("about:blank")
        assert browser.fetched(atom) == "application/atom+xml; charset=utf-8"
