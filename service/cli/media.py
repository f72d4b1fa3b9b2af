"""``communique media``: store, list and remove pictures and files of releases."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from feeds.errors import MediumNotFound
from feeds.model.medium import DIGEST, StoredMedium
from service.application import Application
from service.cli.application import to_read, to_write
from service.cli.call import ByOption, JsonOption, SetOption, invocation_of, typer_of, who
from service.cli.output import print_json, print_message, print_rows, print_text
from service.media import LostMedium, MediumRefused

app = typer_of("media")

#: Media read in one query.
AT_ONCE = 500


@app.command()
def add(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Pictures and files.", exists=True)
    ],
    *,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store pictures and files, and print the address of each.

    An address is public as soon as a public release names it: as an enclosure, or as a picture in
    its text. Until then, and when no release names it any more, it answers 404. The type of a file
    is found in its bytes; media.kinds says which are stored.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    is_any_refused = False
    with to_write(call) as application:
        for path in files:
            try:
                with path.open("rb") as stream:
                    added = application.media.add(stream, name=path.name, by=who(by))
            except MediumRefused as refused:
                print_message(f"communique: {path}: {refused}")
                is_any_refused = True
                continue
            if call.as_json:
                print_json(
                    {
                        "file": str(path),
                        "url": added.url,
                        "media_type": added.media_type,
                        "length_bytes": added.length_bytes,
                        "width": added.width,
                        "height": added.height,
                        "warnings": list(added.warnings),
                    }
                )
                continue
            print_text(added.url)
            for warning in added.warnings:
                print_message(f"{path}: {warning}")
    if is_any_refused:
        raise typer.Exit(1)


@app.command("list")
def list_(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List stored pictures and files.

    Columns: digest, bytes, type, name, and how many releases name it.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        for medium in _all(application):
            with application.database.read() as tx:
                holders = sorted({holder for holder, _ in tx.media.uses_of(medium.digest)})
            if call.as_json:
                print_json(
                    {
                        "digest": medium.digest,
                        "length_bytes": medium.length_bytes,
                        "media_type": medium.media_type,
                        "name": medium.name,
                        "added_at": medium.added_at,
                        "added_by": medium.added_by,
                        "named_by": holders,
                    }
                )
                continue
            print_rows(
                [(medium.digest, medium.length_bytes, medium.media_type, medium.name, len(holders))]
            )


@app.command()
def remove(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="MEDIUM", help="Its address, or the digest in it.")
    ],
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a picture or file at once.

    Its address then answers 404, whoever names it. Caches, and readers that have it, keep what
    they have. Correct the releases that show it, too.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    found = re.search(DIGEST, name)
    with to_write(call) as application, application.database.transaction() as tx:
        if found is None or not tx.media.remove(found[0]):
            raise MediumNotFound(name)
        holders = sorted({holder for holder, _ in tx.media.uses_of(found[0])})
    if call.as_json:
        print_json({"digest": found[0], "named_by": holders})
    else:
        print_message(f"removed; {len(holders)} releases name it")


def _all(application: Application) -> Iterator[StoredMedium]:
    last = ""
    while True:
        with application.database.read() as tx:
            some = tx.media.listed(after=last, limit=AT_ONCE)
        yield from some
        if len(some) < AT_ONCE:
            return
        last = some[-1].digest


def damaged_media(application: Application) -> Iterator[str]:
    """Yields findings on stored files whose bytes are not those that were stored. Reads all."""
    for medium in _all(application):
        digest = sha256()
        try:
            for piece in application.media.pieces(medium.digest, 0, medium.length_bytes):
                digest.update(piece)
        except LostMedium as error:
            yield f"media: {error}; remove it, and add the file again"
            continue
        if digest.hexdigest() != medium.digest:
            yield f"media: the bytes of {medium.digest} are damaged; remove it, and add it again"
