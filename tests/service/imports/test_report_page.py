"""The report of an import as a page, in a browser."""

from pathlib import Path

from service.imports import ImportTally
from service.imports.report import report_page
from tests.support.chromium import chromium

PHONE = 320  # pixels


def test_it_fits_a_phone_whatever_names_are_in_it(tmp_path: Path) -> None:
    tally = ImportTally(items=3_000_000)
    tally.name(["Verwaltungsgerichtsbarkeitsneuordnungsgesetzgebungsverfahren" * 2], {}, {})
    tally.lose(["shortcode [" + "x" * 100 + "]"], example="y" * 200)
    page = tmp_path / "report.html"
    title = "export-" + "a" * 80 + ".xml"
    page.write_text(report_page(tally, title=title, is_dry_run=False), encoding="utf-8")
    with chromium(tmp_path / "profile") as browser:
        browser.visit(page.as_uri())
        browser.resize(PHONE)
        assert browser.run("document.documentElement.scrollWidth") == PHONE
