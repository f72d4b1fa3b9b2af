"""The shipped examples of reverse proxies: what they pass on is what the service says.

nginx and Caddy are real servers here, over TLS and HTTP/2. ``python -m tests.trials.traefik`` runs
the same checks on Traefik, which is too large for every run.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import trustme

from tests.support.proxies import Proxy, caddy_example, nginx_example
from tests.support.proxy_checks import CHECKS, Served, serving

Example = Callable[[int, trustme.CA], AbstractContextManager[Proxy]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module", params=[nginx_example, caddy_example])
def proxy(request: pytest.FixtureRequest, served: Served) -> Iterator[Proxy]:
    example: Example = request.param
    with example(served.port, trustme.CA()) as proxy:
        yield proxy


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_comes_through(
    check: Callable[[Proxy, Served], None], proxy: Proxy, served: Served
) -> None:
    check(proxy, served)
