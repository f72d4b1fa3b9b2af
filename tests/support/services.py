"""What the suite needs beside Python, and what happens where it is missing.

On a developer's machine a missing service skips its tests, with the reason. Where
``COMMUNIQUE_REQUIRE_SERVICES`` is set, as ``.ci/run`` does, it fails them: nothing is skipped
silently.
"""

import os
from typing import NoReturn

import pytest


def missing(service: str, remedy: str) -> NoReturn:
    """Skip the test for want of *service*, or fail it where services are required."""
    reason = f"{service} is missing: {remedy}"
    if os.environ.get("COMMUNIQUE_REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)
