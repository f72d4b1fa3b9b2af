"""The layout of the exported folder, and the names of its files. Pure.

::

    site/feeds/all.atom            -> ../../versions/feeds/all.atom/<version>
    versions/feeds/all.atom/<version>      the bytes, and beside them .gz, .br and .zst

``site`` is a tree of symbolic links, which any server can serve. Replacing one link publishes all
codings of an edition at once. A version's name contains the validators of its bytes, so that a
server that resolves the link once has bytes and validators of the same edition.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from service.http_rules import Coding

SITE = "site"
VERSIONS = "versions"
PROBLEMS = "problems"
#: Notices for addresses that are gone: ``releases/x.html`` and ``releases/x.json``.
GONE = f"{PROBLEMS}/gone"
NGINX = "nginx"

#: Suffixes of file names, by coding.
ENDINGS = {Coding.IDENTITY: "", Coding.GZIP: ".gz", Coding.BROTLI: ".br", Coding.ZSTD: ".zst"}
UNDATED = "undated"

#: A valid path: no part is empty, begins with a dot, or is too long for a file system.
_PATH = re.compile(r"/|(?:/(?!\.)[^/\x00-\x1f\x7f]{1,180})+")
_MAX_PART_BYTES = 200

_DATE = re.compile(r"([A-Z][a-z]{2})(\d\d)([A-Z][a-z]{2})(\d{4})(\d\d)(\d\d)(\d\d)")
_VERSION = re.compile(
    r"(?P<revision>[0-9a-f]+)\.(?P<date>[A-Za-z0-9]+)\.(?P<profile>[0-9a-f]+)\.(?P<sizes>[\d-]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The values that a version's name contains."""

    revision: str
    date: str  #: ``Mon02Mar2026120100``, in UTC, or ``undated``
    profile: str
    sizes: tuple[int, ...]  #: in bytes, in the order of `ENDINGS`

    @property
    def name(self) -> str:
        """The file name, without the suffix of a coding."""
        sizes = "-".join(map(str, self.sizes))
        return f"{self.revision}.{self.date}.{self.profile}.{sizes}"

    @property
    def last_modified(self) -> str | None:
        """The date in the format of HTTP; None without a date."""
        found = _DATE.fullmatch(self.date)
        return None if found is None else "{}, {} {} {} {}:{}:{} GMT".format(*found.groups())


def parse_version(name: str) -> Version | None:
    """Parses a version's name; None for any other name."""
    found = _VERSION.fullmatch(name)
    if found is None:
        return None
    sizes = tuple(int(size) for size in found["sizes"].split("-") if size)
    return Version(
        revision=found["revision"], date=found["date"], profile=found["profile"], sizes=sizes
    )


def written_date(last_modified: str | None) -> str:
    """Converts a date of HTTP to its form in a version's name.

    ``Mon, 02 Mar 2026 12:01:00 GMT`` becomes ``Mon02Mar2026120100``.
    """
    if last_modified is None:
        return UNDATED
    return re.sub(r"[^A-Za-z0-9]", "", last_modified.removesuffix("GMT"))


def is_safe(path: str) -> bool:
    """Whether a path can be the name of a file, and cannot leave the folder."""
    return _PATH.fullmatch(path) is not None and all(
        len(part.encode()) <= _MAX_PART_BYTES for part in path.split("/")
    )


def file_of(path: str) -> PurePosixPath:
    """Returns the file of an address, relative to ``site`` and to ``versions``.

    A path without a suffix is a page, and gets ``.html``: otherwise the file of ``/feeds/all``
    would have the name of the folder of its archive. nginx applies the same rule.
    """
    if path == "/":
        return PurePosixPath("index.html")
    has_suffix = "." in path.rpartition("/")[2]
    return PurePosixPath(path[1:] if has_suffix else f"{path[1:]}.html")


def path_of(file: PurePosixPath) -> str:
    """Returns the address of a file: the inverse of `file_of`."""
    text = f"/{file}"
    return "/" if text == "/index.html" else text.removesuffix(".html")
