import pytest

from service.errors import ServiceError
from service.settings import ConfigFault, ConfigInvalid, SourceLocation
from service.settings.faults import nearest

FILE = SourceLocation(file="config/communique.yaml", line=41, column=7)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(
            ConfigFault(place=FILE, path="hubs.0", message="expected a URL"),
            "config/communique.yaml:41:7: hubs.0: expected a URL",
            id="in a file",
        ),
        pytest.param(
            ConfigFault(place=FILE, path="hub", message="no such key", suggestion="hubs"),
            "config/communique.yaml:41:7: hub: no such key; did you mean hubs?",
            id="with what was meant",
        ),
        pytest.param(
            ConfigFault(place=SourceLocation(file="a.yaml"), path="", message="no such file"),
            "a.yaml: no such file",
            id="a whole file",
        ),
        pytest.param(
            ConfigFault(
                place=SourceLocation(file="--set http.port"), path="http.port", message="expected 1"
            ),
            "--set http.port: expected 1",
            id="--set names its key only once",
        ),
        pytest.param(
            ConfigFault(
                place=SourceLocation(file="environment COMMUNIQUE_HUBS"),
                path="hubs.1",
                message="bad",
            ),
            "environment COMMUNIQUE_HUBS: hubs.1: bad",
            id="in the environment",
        ),
    ],
)
def test_a_fault_says_where_what_and_what_was_meant(fault: ConfigFault, expected: str) -> None:
    assert str(fault) == expected


def test_the_error_lists_every_fault_on_a_line_of_its_own() -> None:
    one = ConfigFault(place=FILE, path="a", message="one")
    invalid = ConfigInvalid([one, one])
    assert isinstance(invalid, ServiceError)
    assert str(invalid).splitlines() == ["2 faults in the configuration", *[f"  {one}"] * 2]
    assert str(ConfigInvalid([one])).startswith("one fault in")
    assert (one.file, one.line, one.column) == ("config/communique.yaml", 41, 7)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("tilte", "title"), ("TITLE", "title"), ("base-url", "base_url"), ("zzz", None)],
)
def test_the_nearest_word_is_found_if_it_is_near(word: str, expected: str | None) -> None:
    assert nearest(word, ["title", "base_url"]) == expected
