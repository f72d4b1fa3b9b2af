"""Style sheet, scripts and icons: read once, under names that change with their content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType

#: Fixed here, because the table of the operating system differs between machines.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file that pages load."""

    name: str  #: in the source: ``newsroom.css``
    hashed_name: str  #: in URLs: ``newsroom.3f2a….css``
    media_type: str
    digest: str
    body: bytes


class Assets:
    """The assets of this version. They are some ten kilobytes, so they stay in memory."""

    def __init__(self, assets: Iterator[Asset]) -> None:
        by_name = {asset.name: asset for asset in assets}
        self.by_name: Mapping[str, Asset] = MappingProxyType(by_name)
        self.by_hashed_name: Mapping[str, Asset] = MappingProxyType(
            {asset.hashed_name: asset for asset in by_name.values()}
        )

    def path(self, name: str) -> str:
        """Returns the path of an asset. It is valid for ever: other content has another path."""
        return f"/static/{self.by_name[name].hashed_name}"


def load_assets() -> Assets:
    """Reads the assets that ship with the package."""
    folder = files("service.web").joinpath("static")
    found = sorted(folder.iterdir(), key=lambda resource: resource.name)
    return Assets(
        asset_of(resource.name, resource.read_bytes())
        for resource in found
        if PurePath(resource.name).suffix in MEDIA_TYPES
    )


def asset_of(name: str, body: bytes) -> Asset:
    """Returns an asset under the name that its content gives it."""
    path, digest = PurePath(name), sha256(body).hexdigest()
    return Asset(
        name=name,
        hashed_name=f"{path.stem}.{digest[:12]}{path.suffix}",
        media_type=MEDIA_TYPES[path.suffix],
        digest=digest,
        body=body,
    )
