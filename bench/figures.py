"""The table of figures. A figure more is a file more and a row more."""

from collections.abc import Mapping

from bench import (
    body_memory,
    bulk_intake,
    cleaning,
    deadlocks,
    document_bytes,
    embargo_minute,
    fan_out,
    fan_out_at_scale,
    fan_out_memory,
    fan_out_p99,
    growth,
    gzip_size,
    load_p99,
    month_at_scale,
    newsroom_page,
    poller_day,
    publish_cost,
    reload_at_scale,
    remote_store,
    requests_a_second,
    search,
    status_command,
    unchanged_cost,
    whole_history,
    whole_service,
    window_at_scale,
    word,
    worker_memory,
)
from bench.figure import Figure

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        publish_cost.FIGURE,
        gzip_size.FIGURE,
        document_bytes.FIGURE,
        window_at_scale.FIGURE,
        month_at_scale.FIGURE,
        unchanged_cost.FIGURE,
        *requests_a_second.FIGURES,
        load_p99.FIGURE,
        *newsroom_page.FIGURES,
        worker_memory.FIGURE,
        body_memory.FIGURE,
        poller_day.FIGURE,
        whole_history.FIGURE,
        *growth.FIGURES,
        *search.FIGURES,
        status_command.FIGURE,
        embargo_minute.FIGURE,
        reload_at_scale.FIGURE,
        remote_store.FIGURE,
        deadlocks.FIGURE,
        bulk_intake.FIGURE,
        cleaning.FIGURE,
        word.FIGURE,
        *fan_out.FIGURES,
        fan_out_memory.FIGURE,
        fan_out_at_scale.FIGURE,
        fan_out_p99.FIGURE,
        *whole_service.FIGURES,
    )
}
