import pytest

from service.settings.yaml_reader import Scalar, read_scalar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("~", None, id="tilde"),
        pytest.param("null", None, id="null"),
        pytest.param("true", True, id="true"),
        pytest.param("FALSE", False, id="false"),
        pytest.param("no", "no", id="Norwegian is no boolean"),
        pytest.param("on", "on", id="nor is on"),
        pytest.param("09:00", "09:00", id="a time is no sexagesimal number"),
        pytest.param("2019-05-21", "2019-05-21", id="a date is text"),
        pytest.param("8000", 8000, id="integer"),
        pytest.param("-5", -5, id="negative"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("0o17", 15, id="octal"),
        pytest.param("0.5", 0.5, id="float"),
        pytest.param(".5", 0.5, id="float without zero"),
        pytest.param("1e3", 1000.0, id="exponent"),
        pytest.param("1_000", "1_000", id="underscores are text in YAML 1.2"),
        pytest.param("127.0.0.1", "127.0.0.1", id="an address is text"),
        pytest.param(".inf", ".inf", id="nothing here is infinite"),
        pytest.param("9" * 5000, "9" * 5000, id="more digits than a number has"),
    ],
)
def test_a_plain_scalar_is_read_as_yaml_1_2_says(text: str, expected: Scalar) -> None:
    """YAML 1.2.2, 10.3.2."""
    value = read_scalar(text)
    assert value == expected
    assert type(value) is type(expected)
