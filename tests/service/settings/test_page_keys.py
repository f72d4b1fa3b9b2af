"""The keys of pages: colours that can be read, fonts, a style sheet, templates, links."""

import pytest

from service.settings import Sources
from service.settings.theme import DarkSettings, LightSettings, contrast, readable, unreadable
from tests.support.config_files import ConfigFolder

SITE = "site:\n  base_url: https://news.example.org\n"


def test_contrast_is_that_of_wcag() -> None:
    """The figures of WCAG's own examples; WebAIM's checker says the same."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.59, abs=0.005)
    assert readable("#777777", "#ffffff") == "#767676"


@pytest.mark.parametrize("shipped", [LightSettings(), DarkSettings()])
def test_the_shipped_colours_can_be_read(shipped: LightSettings | DarkSettings) -> None:
    assert list(unreadable(shipped)) == []


def test_colours_that_cannot_be_read_are_refused_with_the_contrast_and_one_that_can(
    config: ConfigFolder,
) -> None:
    theme = "  theme:\n    light:\n      faint: '#999'\n      panel: '#fff'\n"
    on_background, on_panel = config.faults(SITE + theme)
    assert on_background == (
        "communique.yaml:5:14: site.theme.light.faint: faint '#999999' on background '#fdfdfb' has "
        "a contrast of 2.79:1; text needs at least 4.5:1 (WCAG 2.2, level AA); did you mean "
        "#747474?"
    )
    assert "on panel '#ffffff' has a contrast of 2.84:1" in on_panel


def test_a_background_is_measured_with_the_colours_that_are_not_given(config: ConfigFolder) -> None:
    """One that makes shipped text unreadable is at fault itself, in the dark too."""
    theme = "  theme:\n    dark:\n      background: '#ffffff'\n"
    faults = config.faults(SITE + theme)
    assert [fault.partition(" has ")[0] for fault in faults] == [
        f"communique.yaml:5:19: site.theme.dark.background: {text} on background '#ffffff'"
        for text in ("text '#e8e6e1'", "faint '#a5aab3'", "accent '#a9c9f0'", "visited '#c9b4e8'")
    ]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("theme: {light: {text: red}}", "expected a colour, such as '#12355b', got 'red'"),
        ('theme: {fonts: ["A\'; }"]}', "expected the name of a font, such as Georgia"),
        ("links: [{title: Imprint}]", "site.links.0.url: is missing: the address that it leads to"),
        ("links: [{title: Contact, url: 'mailto:a b'}]", "expected one address behind 'mailto:'"),
        ("stylesheet: none.css", "none.css: no such file (named by site.stylesheet, "),
        ("templates: none", "none: no such folder (named by site.templates, "),
    ],
)
def test_faults_say_what_was_expected(config: ConfigFolder, keys: str, fault: str) -> None:
    [found] = config.faults(f"{SITE}  {keys}\n")
    assert fault in found


def test_style_sheet_and_templates_are_part_of_what_was_read(config: ConfigFolder) -> None:
    """So that all processes work by the same, and a change of a file is a new configuration."""
    (config.folder / "own").mkdir()
    (config.folder / "own" / "base.html").write_text("<p>", encoding="utf-8")
    (config.folder / "own" / "notes.txt").write_text("-", encoding="utf-8")
    (config.folder / "own.css").write_text("p {}", encoding="utf-8")
    settings = config.load(f"{SITE}  stylesheet: own.css\n  templates: own\n")
    assert settings.page_stylesheet == "p {}"
    assert {name: file.text for name, file in settings.page_templates.items()} == {
        "base.html": "<p>"
    }
    read = config.sources()
    assert Sources.from_json(read.to_json()) == read
    (config.folder / "own" / "base.html").write_text("<b>", encoding="utf-8")
    assert config.sources() != read


def test_a_link_may_be_an_address_of_mail(config: ConfigFolder) -> None:
    link = "{title: Contact, url: 'mailto:press@example.org?subject=Question'}"
    assert config.faults(f"{SITE}  links: [{link}]\n") == []
