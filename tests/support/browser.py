"""A real browser, headless: what it makes of a page, and what it complains of."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import missing

#: Without these it asks the vendor's servers for this and that.
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page after its scripts ran."""

    dom: str  #: serialised
    complaints: list[str]  #: the console's errors and warnings, policy violations among them


def visit(url: str, *, profile: Path) -> Visit:
    """Open *url* with an empty profile."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        missing("Chromium", "install Debian's package chromium")
    done = subprocess.run(
        [
            browser,
            *QUIET,
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return Visit(dom=done.stdout, complaints=re.findall(r".*:CONSOLE[:(].*", done.stderr))
