"""The table of figures. A figure more is a file more and a row more."""

from collections.abc import Mapping

from bench import gzip_size, publish_cost, unchanged_cost, window_at_scale
from bench.figure import Figure

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        publish_cost.FIGURE,
        gzip_size.FIGURE,
        window_at_scale.FIGURE,
        unchanged_cost.FIGURE,
    )
}
