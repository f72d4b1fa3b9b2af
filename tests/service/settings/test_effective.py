from service.settings import effective
from service.settings.communique_file import CommuniqueFile
from service.settings.section import leaves
from tests.support.config_files import ConfigFolder

MAIN = """\
site:
  base_url: https://news.example/
  title: From the file
http: {port: 1}
"""
CATEGORIES = """\
categories:
  - slug: a
    title: A
    window: {days: 3}
"""


def test_every_key_is_shown_with_its_value_and_where_it_was_given(config: ConfigFolder) -> None:
    environ = {"COMMUNIQUE_HTTP__PORT": "2", "COMMUNIQUE_HTTP__HOST": "::"}
    settings = config.load(MAIN, CATEGORIES, environ, ["http.port=3"])
    shown = {key.path: (key.value, key.origin) for key in effective(settings)}
    assert shown["site.title"] == ("From the file", "communique.yaml:3")
    assert shown["site.base_url"] == ("https://news.example", "communique.yaml:2")
    assert shown["http.host"] == ("::", "environment COMMUNIQUE_HTTP__HOST")
    assert shown["http.port"] == (3, "--set http.port")
    assert shown["http.threads"] == (4, "default")
    assert shown["intake.time_of_day"] == ("09:00", "default")
    assert shown["data_folder"] == (str(config.folder / "data"), "default")
    assert set(leaves(CommuniqueFile)) <= set(shown)


def test_of_a_single_feed_only_what_is_given_is_shown(config: ConfigFolder) -> None:
    keys = [key for key in effective(config.load(MAIN, CATEGORIES)) if "categories.0" in key.path]
    assert [(key.path, key.value) for key in keys] == [
        ("categories.0.window.days", 3),
        ("categories.0.slug", "a"),
        ("categories.0.title", "A"),
    ]


def test_the_main_file_comes_first(config: ConfigFolder) -> None:
    paths = [key.path for key in effective(config.load(MAIN, CATEGORIES))]
    assert paths[0] == "site.title"
    assert paths.index("log.level") < paths.index("groups")
