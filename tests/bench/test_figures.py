"""Every figure can be measured. How fast this machine is today is none of a test's business."""

import pytest

from bench.figure import Unmeasurable
from bench.figures import FIGURES
from tests.support.services import missing

#: A hundredth of the size that the promises are made for, or the least that is something.
TINY = 0.01


#: Figures of whole services, servers under load, grown stores and former builds, which take long at
#: any size: for ``make bench`` alone.
FOR_BENCH_ALONE = {
    "304_processor",
    "304_vs_nginx",
    "body_memory",
    "bytes_at_scale",
    "counted_304",
    "counted_p99",
    "deadlocks",
    "document_bytes",
    "embargo_minute",
    "fan_out_at_scale",
    "fan_out_memory",
    "fan_out_p99",
    "fan_out_processor",
    "fan_out_vs_requests",
    "gzip_vs_nginx",
    "idle_at_scale",
    "idle_cores",
    "import_memory",
    "largest_paint",
    "load_p99",
    "load_p99_vs_nginx",
    "poller_day",
    "redirect_matched",
    "redirect_rules",
    "redirect_unmatched",
    "remote_store",
    "search_p99_postgres",
    "service_memory",
    "service_start",
    "status_command",
    "told_subscriber",
    "told_workers",
    "vs_plain_flask",
    "window_at_scale",
    "worker_memory",
    "worker_restart",
}


@pytest.mark.parametrize("name", sorted(FIGURES.keys() - FOR_BENCH_ALONE))
def test_a_figure_is_measured_and_tells_its_raw_numbers(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ratio = FIGURES[name].measure(TINY)
    except Unmeasurable as error:
        if "apt-get install" in str(error):
            missing(name, str(error))
        raise
    assert ratio > 0 or FIGURES[name].bound == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert " ms" in told.err or " bytes" in told.err


def test_the_table_has_each_figure_under_its_own_name() -> None:
    assert all(figure.name == name for name, figure in FIGURES.items())
    assert {"publish_cost", "gzip_size", "window_at_scale", "unchanged_cost"} <= set(FIGURES)
    assert set(FIGURES) >= FOR_BENCH_ALONE
