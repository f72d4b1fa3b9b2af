"""Where things lie in the folder, and what their names say. Pure.

::

    site/feeds/all.atom            -> ../../versions/feeds/all.atom/<version>
    versions/feeds/all.atom/<version>      the bytes, and beside them .gz, .br and .zst

``site`` is a tree of symbolic links: any server can serve it, and to replace one link is to publish
all forms of an edition at once. A version's name tells the validators of its bytes, so whoever
follows the link once has bytes and validators of one edition.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from service.http_rules import Coding

SITE = "site"
VERSIONS = "versions"
PROBLEMS = "problems"
#: What is told at an address that is gone: ``releases/x.html`` and ``releases/x.json``.
GONE = f"{PROBLEMS}/gone"
NGINX = "nginx"

#: What a file's name ends with, by coding.
ENDINGS = {Coding.IDENTITY: "", Coding.GZIP: ".gz", Coding.BROTLI: ".br", Coding.ZSTD: ".zst"}
UNDATED = "undated"

#: A path of ours: no part is empty, begins with a dot, or is longer than a file system likes.
_PATH = re.compile(r"/|(?:/(?!\.)[^/\x00-\x1f\x7f]{1,180})+")
_MAX_PART_BYTES = 200

_DATE = re.compile(r"([A-Z][a-z]{2})(\d\d)([A-Z][a-z]{2})(\d{4})(\d\d)(\d\d)(\d\d)")
_VERSION = re.compile(
    r"(?P<revision>[0-9a-f]+)\.(?P<date>[A-Za-z0-9]+)\.(?P<profile>[0-9a-f]+)\.(?P<sizes>[\d-]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What the name of a version tells."""

    revision: str
    date: str  #: ``Mon02Mar2026120100``, in UTC, or ``undated``
    profile: str
    sizes: tuple[int, ...]  #: in bytes, in the order of `ENDINGS`

    @property
    def name(self) -> str:
        """The name."""
        sizes = "-".join(map(str, self.sizes))
        return f"{self.revision}.{self.date}.{self.profile}.{sizes}"

    @property
    def last_modified(self) -> str | None:
        """The date as HTTP writes it."""
        found = _DATE.fullmatch(self.date)
        return None if found is None else "{}, {} {} {} {}:{}:{} GMT".format(*found.groups())


def parse_version(name: str) -> Version | None:
    """Read a version's name; None for any other name."""
    found = _VERSION.fullmatch(name)
    if found is None:
        return None
    sizes = tuple(int(size) for size in found["sizes"].split("-") if size)
    return Version(
        revision=found["revision"], date=found["date"], profile=found["profile"], sizes=sizes
    )


def written_date(last_modified: str | None) -> str:
    """A date of HTTP as it stands in a version's name: ``Mon, 02 Mar 2026 12:01:00 GMT``."""
    if last_modified is None:
        return UNDATED
    return re.sub(r"[^A-Za-z0-9]", "", last_modified.removesuffix("GMT"))


def is_safe(path: str) -> bool:
    """True when a path can be the name of a file, and of one inside the folder alone."""
    return _PATH.fullmatch(path) is not None and all(
        len(part.encode()) <= _MAX_PART_BYTES for part in path.split("/")
    )


def file_of(path: str) -> PurePosixPath:
    """The file of an address below ``site`` and below ``versions``.

    What has no suffix is a page. Without one of its own, ``/feeds/all`` could not be a file
    beside the folder of its archive. nginx goes by the same rule.
    """
    if path == "/":
        return PurePosixPath("index.html")
    has_suffix = "." in path.rpartition("/")[2]
    return PurePosixPath(path[1:] if has_suffix else f"{path[1:]}.html")


def path_of(file: PurePosixPath) -> str:
    """The address of a file: the inverse of `file_of`."""
    text = f"/{file}"
    return "/" if text == "/index.html" else text.removesuffix(".html")
