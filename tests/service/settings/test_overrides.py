import pytest

from service.settings.communique_file import CommuniqueFile
from service.settings.section import leaves
from service.settings.sources import variable_name
from tests.support.config_files import MAIN, ConfigFolder


def test_later_wins_file_then_environment_then_set(config: ConfigFolder) -> None:
    main = MAIN + "http: {port: 1, host: file, threads: 1}\n"
    environ = {"COMMUNIQUE_HTTP__PORT": "2", "COMMUNIQUE_HTTP__HOST": "environment"}
    settings = config.load(main, environ=environ, overrides=["http.port=3", "http.port=4"])
    assert (settings.http.threads, settings.http.host, settings.http.port) == (1, "environment", 4)


def test_every_key_has_a_variable_of_its_own() -> None:
    names = {variable_name(key) for key in leaves(CommuniqueFile)}
    assert len(names) == len(leaves(CommuniqueFile))
    assert {
        "COMMUNIQUE_SITE__BASE_URL",
        "COMMUNIQUE_HUBS",
        "COMMUNIQUE_FEEDS__WINDOW__DAYS",
    } <= names


def test_a_file_may_leave_the_base_url_to_the_environment(config: ConfigFolder) -> None:
    environ = {"COMMUNIQUE_SITE__BASE_URL": "https://env.example/"}
    assert config.load("", environ=environ).site.base_url == "https://env.example"


def test_text_is_taken_as_it_stands(config: ConfigFolder) -> None:
    overrides = ["site.title=no", "site.subtitle=News: all of it = [here", "site.rights=1984"]
    site = config.load(overrides=overrides).site
    assert (site.title, site.subtitle, site.rights) == ("no", "News: all of it = [here", "1984")


def test_lists_and_numbers_are_yaml(config: ConfigFolder) -> None:
    settings = config.load(
        environ={"COMMUNIQUE_HUBS": "[https://a/, https://b/]"},
        overrides=["websub.timeout_seconds=2.5", "intake.time_of_day=09:30"],
    )
    assert [hub.url for hub in settings.hubs] == ["https://a/", "https://b/"]
    assert settings.websub.timeout_seconds == 2.5
    assert settings.intake.time_of_day.minute == 30


def test_an_empty_value_unsets_a_key_that_can_be_unset(config: ConfigFolder) -> None:
    main = "site: {base_url: https://a, icon: https://a/i.png, subtitle: x}\n"
    site = config.load(main, overrides=["site.icon=", "site.subtitle="]).site
    assert (site.icon, site.subtitle) == (None, "")


def test_an_override_mends_what_the_file_has_wrong(config: ConfigFolder) -> None:
    main = MAIN + "hubs: [a, b]\nhttp: {port: x}\n"
    assert config.faults(main, overrides=["hubs=[]", "http.port=80"]) == []


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        pytest.param("http.port", "--set http.port: expected KEY=VALUE", id="no value"),
        pytest.param("=5", "--set : no such key", id="no key"),
        pytest.param("http.prot=5", "*no such key; did you mean http.port?", id="typo"),
        pytest.param("port=5", "*no such key; did you mean http.port?", id="no section"),
        pytest.param("http=5", "*a section: set one of its keys; did you mean*", id="section"),
        pytest.param("hubs.0=x", "*inside a list: give the whole list*", id="item"),
        pytest.param("http.port=[", "*expected a value such as 8000 or [a, b], got '['", id="yaml"),
        pytest.param("http.port=x", "--set http.port: expected a whole number, got 'x'", id="type"),
        pytest.param("http.port=\udc80", "*expected a value such as*", id="bytes that are no text"),
        pytest.param("site.title=\udc80", "*control characters*", id="text that is no text"),
        pytest.param("hubs=[x]", "--set hubs: hubs.0: expected the URL of a *", id="in a list"),
        pytest.param("site.base_url=x", "--set site.base_url: *", id="base URL"),
        pytest.param("categories=[]", "*no such key*", id="of the other file"),
    ],
)
def test_a_fault_names_the_set(config: ConfigFolder, override: str, expected: str) -> None:
    (fault,) = config.faults(overrides=[override])
    start, *parts = expected.split("*")
    assert fault.startswith(start or f"--set {override.partition('=')[0]}: ")
    assert all(part in fault for part in parts)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("COMMUNIQUE_HTTP__PROT", "no key of this name; did you mean COMMUNIQUE_HTTP__PORT?"),
        ("COMMUNIQUE_LOG_LEVEL", "no key of this name; did you mean COMMUNIQUE_LOG__LEVEL?"),
        ("COMMUNIQUE_HTTP__PORT", "http.port: expected a whole number, got 'x'"),
    ],
)
def test_a_fault_names_the_variable(config: ConfigFolder, name: str, expected: str) -> None:
    assert config.faults(environ={name: "x"}) == [f"environment {name}: {expected}"]


def test_variables_that_are_not_meant_for_us_are_left_alone(config: ConfigFolder) -> None:
    """Kubernetes sets these beside a service that is called communique."""
    environ = {
        "COMMUNIQUE_SERVICE_HOST": "10.0.0.1",
        "COMMUNIQUE_PORT": "tcp://10.0.0.1:8000",
        "COMMUNIQUE_PORT_8000_TCP_ADDR": "10.0.0.1",
        "PATH": "/bin",
    }
    assert config.faults(environ=environ) == []


def test_a_fault_outside_the_file_is_told_even_if_the_file_is_broken(config: ConfigFolder) -> None:
    faults = config.faults("site: [", overrides=["http.port=x"])
    assert [fault.split(":")[0] for fault in faults] == ["communique.yaml", "--set http.port"]


def test_a_section_that_is_no_section_in_the_file_stays_a_fault_of_the_file(
    config: ConfigFolder,
) -> None:
    (fault,) = config.faults(MAIN + "http: 5\n", overrides=["http.port=80"])
    assert fault.startswith("communique.yaml:2:7: http: expected a section")
