"""Which tests go first when several workers share them (``pytest -n``).

pytest-xdist gives each worker one stretch of all tests, and whoever is done takes the later half of
what another still has. If what takes half a minute stands at the end of a stretch, the others wait
for it. So each stretch begins with tests of whole services, which take longest and mostly wait,
and ends with those of single rooms, of which there are thousands.
"""

from collections.abc import Sequence
from itertools import chain, groupby
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

#: What stands in these folders themselves is about a whole service; what is below is about a room.
WHOLE = (TESTS, TESTS / "bench", TESTS / "conformance", TESTS / "service")


def whole_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Returns *items* in another order: whole services first in each of *workers* stretches.

    Modules stay together as they are, unless a stretch ends in one.
    """
    modules = [list(each) for _, each in groupby(items, key=lambda item: item.path)]
    long = [each for each in modules if each[0].path.parent in WHOLE]
    rest = list(chain.from_iterable(each for each in modules if each[0].path.parent not in WHOLE))
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        # As pytest-xdist cuts them: an equal share of what is left.
        size = (len(items) - len(ordered)) // (workers - worker)
        first = list(chain.from_iterable(long[worker::workers]))
        after = max(0, size - len(first))
        ordered += first + rest[:after]
        rest = rest[after:]
    return ordered
