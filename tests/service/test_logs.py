"""One line an event, for a person or for a machine, without secrets."""

import io
import json
import logging
import logging.config
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from service import logs


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the process: what a test sets is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("apscheduler", "sqlalchemy", "urllib3", "alembic", "watchfiles"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


log = logs.get_logger("service.websub.ping_sender")


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestText:
    def test_is_a_line_with_time_level_event_and_keys(self, stream: io.StringIO) -> None:
        logs.configure("info", "text", stream)
        log.info("ping accepted", topic="https://news.example.org/feeds/all.atom", took="0.12s")
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \[info +\] ping accepted "
            r" topic=https://news\.example\.org/feeds/all\.atom took=0\.12s\n",
            stream.getvalue(),
        )

    def test_quotes_what_would_be_read_as_something_else(self, stream: io.StringIO) -> None:
        logs.configure("info", "text", stream)
        log.warning("ping failed", reason='500 "oh"', next="10m", empty="")
        assert stream.getvalue().endswith('reason="500 \\"oh\\"" next=10m empty=""\n')

    def test_cannot_be_forged_by_what_others_say(self, stream: io.StringIO) -> None:
        logs.configure("info", "text", stream)
        log.info("ping failed", reason="no\n2026-01-01T00:00:00Z [info] ping accepted\x1b[2J")
        logging.getLogger("lib").warning("title: %s", "a\nb")
        assert len(stream.getvalue().splitlines()) == 2
        assert "\x1b" not in stream.getvalue()
        assert "a\\nb" in stream.getvalue()

    def test_keeps_letters_of_all_languages(self, stream: io.StringIO) -> None:
        logs.configure("info", "text", stream)
        log.info("release added", title="“Größe”", other="新聞稿")
        assert "title=“Größe” other=新聞稿" in stream.getvalue()

    @pytest.mark.parametrize(("terminal", "is_coloured"), [(True, True), (False, False)])
    def test_is_coloured_on_a_terminal_only(self, *, terminal: bool, is_coloured: bool) -> None:
        stream = Terminal() if terminal else io.StringIO()
        logs.configure("info", "text", stream)
        log.info("ping accepted")
        assert ("\x1b[" in stream.getvalue()) is is_coloured

    def test_names_the_library_that_speaks(self, stream: io.StringIO) -> None:
        logs.configure("info", "text", stream)
        logging.getLogger("a.library").warning("worker %d is gone", 3)
        log.warning("ours")
        theirs, ours = stream.getvalue().splitlines()
        assert theirs.endswith("worker 3 is gone  logger=a.library")
        assert "logger" not in ours


class TestJson:
    def test_is_an_object_a_line(self, stream: io.StringIO) -> None:
        logs.configure("info", "json", stream)
        log.info("ping accepted", topic="t", took=0.5, other={"when": None})
        [line] = objects(stream)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("time"))
        assert line == {
            "level": "info",
            "event": "ping accepted",
            "logger": "service.websub.ping_sender",
            "topic": "t",
            "took": 0.5,
            "other": {"when": None},
        }

    def test_holds_a_traceback_in_one_line(self, stream: io.StringIO) -> None:
        logs.configure("info", "json", stream)
        try:
            raise KeyError("slug")
        except KeyError as error:
            log.exception("intake broke off")
            log.error("later", exc_info=error)
        for line in objects(stream):
            assert "Traceback" in line["exception"]
            assert "KeyError: 'slug'" in line["exception"]

    def test_takes_any_value(self, stream: io.StringIO) -> None:
        logs.configure("info", "json", stream)
        log.info("odd", path="a\udcff", thing={1, 2} - {2}, error=ValueError("why"))
        [line] = objects(stream)
        assert (line["thing"], line["error"]) == ("{1}", "why")


class TestTheForm:
    def test_is_text_on_a_terminal_and_json_elsewhere(self) -> None:
        terminal, pipe = Terminal(), io.StringIO()
        logs.configure("info", "auto", terminal)
        log.info("one")
        logs.configure("info", "auto", pipe)
        log.info("two")
        assert "one" in terminal.getvalue()
        assert [line["event"] for line in objects(pipe)] == ["two"]

    def test_may_be_configured_again_without_doubling_lines(self, stream: io.StringIO) -> None:
        for _ in range(3):
            logs.configure("info", "json", stream)
        log.info("once")
        assert len(objects(stream)) == 1

    def test_is_the_same_for_warnings(self, stream: io.StringIO) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logs.configure("info", "json", stream)
            warnings.warn("an old way", DeprecationWarning, stacklevel=1)
        [line] = objects(stream)
        assert (line["logger"], line["level"]) == ("py.warnings", "warning")
        assert "an old way" in line["event"]


class TestALevel:
    def test_leaves_out_what_lies_below(self, stream: io.StringIO) -> None:
        logs.configure("warning", "json", stream)
        log.info("no")
        log.warning("yes")
        assert [line["event"] for line in objects(stream)] == ["yes"]

    @pytest.mark.parametrize(
        ("level", "heard"), [("info", ["missed"]), ("debug", ["runs", "missed"])]
    )
    def test_is_higher_for_libraries_that_tell_every_step(
        self,
        stream: io.StringIO,
        monkeypatch: pytest.MonkeyPatch,
        level: logs.Level,
        heard: list[str],
    ) -> None:
        # A scheduler that another test made in this process has it quieter still.
        monkeypatch.setattr(logging.getLogger("apscheduler.executors.default"), "level", 0)
        logging.getLogger("apscheduler.executors.default").manager._clear_cache()  # type: ignore[attr-defined]
        logs.configure(level, "json", stream)
        logging.getLogger("apscheduler.executors.default").info("runs")
        logging.getLogger("apscheduler.executors.default").warning("missed")
        assert [line["event"] for line in objects(stream)] == heard


class TestASecret:
    @pytest.mark.parametrize("form", ["text", "json"])
    @pytest.mark.parametrize(
        "key", ["password", "hub_secret", "api_key", "Authorization", "access_token", "cookie"]
    )
    def test_under_a_telling_key_is_hidden(
        self, stream: io.StringIO, form: logs.Format, key: str
    ) -> None:
        logs.configure("info", form, stream)
        log.info("connected", **{key: "hunter2"})
        assert "hunter2" not in stream.getvalue()
        assert "(hidden)" in stream.getvalue()

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_in_a_url_is_hidden_wherever_it_stands(
        self, stream: io.StringIO, form: logs.Format
    ) -> None:
        logs.configure("info", form, stream)
        url = "postgresql://me:hunter2@db.example/communique"
        log.info("store opened", url=url)
        logging.getLogger("sqlalchemy").warning("cannot connect to %s", url)
        try:
            raise ValueError(url)
        except ValueError:
            log.exception("broke")
        assert "hunter2" not in stream.getvalue()
        assert stream.getvalue().count("postgresql://(hidden)@db.example/communique") == 3

    def test_is_not_told_when_a_line_cannot_be_written(
        self, stream: io.StringIO, capsys: pytest.CaptureFixture[str]
    ) -> None:
        class Unprintable:
            def __str__(self) -> str:
                raise ValueError("hunter2")

        logs.configure("info", "json", stream)
        log.info("odd", password="hunter2", thing=Unprintable())
        assert "log line lost" in stream.getvalue()
        assert "hunter2" not in stream.getvalue() + "".join(capsys.readouterr())

    def test_is_not_told_when_the_stream_is_gone(self, capsys: pytest.CaptureFixture[str]) -> None:
        class Broken(io.StringIO):
            def write(self, _text: str) -> int:
                raise BrokenPipeError

        logs.configure("info", "json", Broken())
        log.info("connected", password="hunter2")
        assert "hunter2" not in "".join(capsys.readouterr())
