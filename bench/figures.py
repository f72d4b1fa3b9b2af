"""The table of figures. A figure more is a file more and a row more."""

from collections.abc import Mapping, Sequence
from itertools import chain

from bench import (
    body_memory,
    bulk_intake,
    cleaning,
    deadlocks,
    desk_lists,
    document_bytes,
    embargo_minute,
    fan_out,
    fan_out_at_scale,
    fan_out_memory,
    fan_out_p99,
    growth,
    gzip_size,
    imports,
    load_p99,
    month_at_scale,
    newsroom_page,
    poller_day,
    publish_cost,
    readership,
    redirects,
    reload_at_scale,
    remote_store,
    requests_a_second,
    search,
    status_command,
    told,
    unchanged_cost,
    upstream_round,
    whole_history,
    whole_service,
    window_at_scale,
    word,
    worker_memory,
)
from bench.figure import Figure, Group

#: ``make bench``: these need one core each. Those that take longest go first.
ONE_CORE: Sequence[Group] = (
    (worker_memory.FIGURE,),
    whole_service.AT_REST,
    (reload_at_scale.FIGURE,),
    (embargo_minute.FIGURE,),
    (body_memory.FIGURE,),
    (fan_out_memory.FIGURE,),
    (bulk_intake.FIGURE,),
    (imports.COST,),
    redirects.FIGURES,
    (status_command.FIGURE,),
    (cleaning.FIGURE,),
    (document_bytes.FIGURE,),
    (word.FIGURE,),
    (poller_day.FIGURE,),
    (gzip_size.FIGURE,),
    (unchanged_cost.FIGURE,),
)

#: ``make bench``: these need the machine, as servers and their load have a core each, or the disk
#: and the caches that cores share.
ALL_CORES: Sequence[Group] = (
    (publish_cost.FIGURE,),
    requests_a_second.FIGURES,
    load_p99.FIGURES,
    readership.FIGURES,
    newsroom_page.FIGURES,
    (upstream_round.FIGURE,),
    fan_out.FIGURES,
    (fan_out_p99.FIGURE,),
    told.FIGURES,
    whole_service.STARTING,
)

#: ``make bench-large``: stores of 20,000 to 1,000,000 releases, and several machines.
LARGE: Sequence[Group] = (
    (window_at_scale.FIGURE,),
    (month_at_scale.FIGURE,),
    growth.FIGURES,
    (desk_lists.FIGURE,),
    *((each,) for each in search.FIGURES),
    (whole_history.FIGURE,),
    (imports.MEMORY,),
    (fan_out_at_scale.FIGURE,),
    (remote_store.FIGURE,),
    (deadlocks.FIGURE,),
)

FIGURES: Mapping[str, Figure] = {
    figure.name: figure for group in chain(ONE_CORE, ALL_CORES, LARGE) for figure in group
}
