"""The site as files: whole, in one step each, only what changed, and nothing that is not ours."""

import os
import re
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from service.export import ExportResult, ExportRun, Folder, ForeignFolder
from service.export.layout import ENDINGS, file_of, is_safe, path_of
from service.export.renditions import request
from service.processes.locks import Exporting, export_lock
from service.settings import Settings
from service.web import create_app
from tests.service.export.conftest import Export, by_result
from tests.service.web.offices import CATALOGUE, CATEGORIES, SITE
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.running_service import ROOT, Service, document, wait_until

Stamp = tuple[int, int]


def files(root: Path) -> Iterator[Path]:
    """Every file and link of an export."""
    return (path for path in sorted(root.rglob("*")) if path.is_symlink() or path.is_file())


def stamps(root: Path) -> dict[Path, Stamp]:
    """Which file each is, and when it was modified."""
    return {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in files(root)}


def state(root: Path) -> dict[str, bytes]:
    """What readers have: each address with its bytes in each coding, and the version's name."""
    found = {}
    for path in files(root / "site"):
        name = str(path.relative_to(root))
        target = path.resolve()
        found[name] = target.name.encode()
        for ending in ENDINGS.values():
            found[name + ending] = target.with_name(target.name + ending).read_bytes()
    return found


def test_each_address_has_the_applications_own_bytes(
    office: Office, export: Export, root: Path
) -> None:
    written = export()[ExportResult.WRITTEN]
    documents = {f"/feeds/{slug}.{each}" for slug in CATALOGUE.feeds for each in Format}
    lists = {"/", "/feeds.opml", "/robots.txt", "/sitemap.xml", "/news-sitemap.xml", "/favicon.ico"}
    months = {"/releases/2019/05", "/releases/2026/03"}
    releases = {path for path in written if path.startswith("/releases/")} - months
    assert months | {"/releases"} <= set(written)
    assert documents | lists | {f"/feeds/{slug}" for slug in CATALOGUE.feeds} <= set(written)
    assert len(releases) == office.newsstand.count_release_pages() == 3
    app = create_app(office.current, clock=lambda: later(hours=1))
    for path in written:
        target = (root / "site" / file_of(path)).resolve()
        for coding, ending in ENDINGS.items():
            answer = request(app, path, {"Accept-Encoding": coding, "Accept": "text/html, */*"})
            assert target.with_name(target.name + ending).read_bytes() == answer.body


def test_what_did_not_change_is_not_touched(export: Export, root: Path) -> None:
    export()
    before = stamps(root)
    again = export()
    assert not again[ExportResult.WRITTEN]
    assert len(again[ExportResult.UNCHANGED]) > 20
    assert stamps(root) == before


def test_a_new_release_writes_what_has_it_and_nothing_else(
    office: Office, export: Export, root: Path
) -> None:
    export()
    before = stamps(root)
    [taken] = office.add(draft("id:3", "lessons", title="The third one"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    beside = office.newsstand.neighbours(taken.release)
    neighbours = (beside.previous, beside.next)
    written = export()[ExportResult.WRITTEN]
    assert {path for path in written if "lessons" not in path} == {
        *(f"/feeds/{ALL}.{each}" for each in Format),
        *("/", "/feeds/all", "/feeds.opml", "/sitemap.xml", "/news-sitemap.xml"),
        *(path for path in written if path.startswith("/releases/the-third-one")),
        *("/releases", "/releases/2026/03"),
        *(f"/releases/{one.slug}" for one in neighbours if one is not None),
    }
    after = stamps(root)
    touched = {path for path in before if after.get(path) != before[path]}
    assert {path.name for path in touched} == {file_of(p).name for p in written} - {
        path.name for path in after.keys() - before.keys()
    }


def test_a_files_time_is_the_documents_own(export: Export, root: Path) -> None:
    export()
    assert (root / "site" / "feeds" / "all.atom").stat().st_mtime == NOON.timestamp()
    # The configuration was applied at noon, and that second has to be over.
    assert (root / "site" / "index.html").stat().st_mtime == NOON.timestamp() + 1
    assert (root / "site" / "robots.txt").stat().st_mtime == 0


def test_what_is_public_no_more_is_removed(office: Office, export: Export, root: Path) -> None:
    export()
    fewer = [feed for slug, feed in CATALOGUE.feeds.items() if slug != "lessons"]
    office.configure(Catalogue(SITE, CATEGORIES, fewer), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    removed = export(grace_s=0)[ExportResult.REMOVED]
    assert set(removed) == {"/feeds/lessons", *(f"/feeds/lessons.{each}" for each in Format)}
    assert not [path for path in files(root) if "lessons" in str(path)]


def test_what_a_corrected_release_was_is_there_as_long_as_its_page(
    office: Office, export: Export, root: Path
) -> None:
    [taken] = office.add(draft("id:1", "cooperation", title="Corrected"), now=later(minutes=5))
    office.publish(now=later(minutes=5))
    path = f"/releases/{taken.release.slug}"
    assert {path, f"{path}/revisions/1"} <= set(export()[ExportResult.WRITTEN])
    file = root / "site" / file_of(f"{path}/revisions/1")
    assert b"A treaty is signed" in file.read_bytes()
    assert export()[ExportResult.REMOVED] == []
    with office.database.transaction() as tx:
        tx.feed_entries.replace([(taken.release, ())])
    assert {path, f"{path}/revisions/1"} <= set(export()[ExportResult.REMOVED])
    assert not file.exists()


def test_former_editions_stay_for_who_is_still_at_them(
    office: Office, export: Export, root: Path
) -> None:
    export()
    former = (root / "site" / "feeds" / "all.atom").resolve()
    office.add(draft("id:3", title="One more"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    export()
    assert former.exists()
    assert (root / "site" / "feeds" / "all.atom").resolve() != former
    export(grace_s=0)
    assert not former.exists()
    assert all(path.exists() for path in files(root / "site"))


def test_what_was_left_half_way_is_mended(export: Export, root: Path) -> None:
    export()
    whole = state(root)
    page = root / "site" / "index.html"
    page.resolve().unlink()
    (root / "site" / "feeds" / "all.rss").unlink()
    (root / "site" / "feeds" / "all.json.new").symlink_to("nowhere")
    (root / "versions" / "feeds" / "all.atom" / "half.new").write_bytes(b"<feed")
    export(grace_s=0)
    assert state(root) == whole
    assert not [path for path in files(root) if path.name.endswith(".new")]


@pytest.mark.parametrize(("tree", "files_there"), [("versions", 100), ("site", 1)])
def test_kill_9_at_any_moment_leaves_good_files_and_the_next_run_does_the_rest(
    tmp_path: Path, tree: str, files_there: int
) -> None:
    service = Service(folder=tmp_path / "newsroom")
    for number in range(12):
        service.drop(f"{number}.txt", document(f"Number {number}", "Finance"))
    service.run("store", "upgrade")
    service.run("release", "add", str(service.inbox))
    service.run("feed", "render")
    target, fresh = tmp_path / "public", tmp_path / "fresh"
    killed = subprocess.Popen(
        service.command("export", str(target)), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    wait_until(lambda: len(list(files(target / tree))) >= files_there, within_s=60)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for path in files(target / "site"):
        if not path.name.endswith(".new"):
            revision = path.resolve().name.partition(".")[0]
            assert sha256(path.read_bytes()).hexdigest().startswith(revision)
    assert service.run("export", str(target)).returncode == 0
    assert service.run("export", str(fresh)).returncode == 0
    assert state(target) == state(fresh)


def test_readers_see_one_edition_or_the_next(office: Office, export: Export, root: Path) -> None:
    """Whoever follows the link once has the bytes that its name tells, in every coding."""
    export()
    is_over = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not is_over.wait(0.001):
            target = (root / "site" / "feeds" / "all.atom").resolve(strict=True)
            revision, *_, sizes = target.name.split(".")
            assert sha256(target.read_bytes()).hexdigest().startswith(revision)
            found = [target.with_name(target.name + e).stat().st_size for e in ENDINGS.values()]
            assert "-".join(map(str, found)) == sizes
            seen.add(revision)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(10, 16):
        office.add(draft(f"id:{number}", title=f"No. {number}"), now=later(minutes=number))
        office.publish(now=later(minutes=number))
        export()
    wait_until(lambda: len(seen) > 1)
    is_over.set()
    reader.join()


def test_an_address_that_fails_keeps_what_it_had(
    office: Office, export: Export, root: Path
) -> None:
    export()
    whole = state(root)
    configured = stamps(root / "nginx")
    app = create_app(office.current, clock=lambda: later(hours=1))

    def ill(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith((".atom", ".opml")) and environ["REQUEST_METHOD"] == "GET":
            start_response("503 Service Unavailable", [("Retry-After", "30")])
            return [b""]
        return app(environ, start_response)

    folder = Folder(root, site_url=SITE.base_url)
    results = by_result(list(ExportRun(office.application, folder, ill).outcomes(grace_s=0)))
    assert {"/feeds/all.atom", "/feeds.opml"} <= set(results[ExportResult.FAILED])
    assert '"status": 406' in (root / "problems" / "406.json").read_text("utf-8")
    assert state(root) == whole
    assert stamps(root / "nginx") == configured


def test_a_document_that_changes_between_two_codings_is_begun_anew(
    office: Office, root: Path
) -> None:
    app = create_app(office.current)
    editions = iter(range(1, 3))

    def busy(environ: dict[str, Any], start_response: Any) -> Any:
        is_last = environ.get("HTTP_ACCEPT_ENCODING") == "zstd"
        if environ["PATH_INFO"] == "/feeds/all.atom" and is_last:
            for number in editions:
                moment = later(minutes=number)
                office.add(draft(f"id:new-{number}", title=f"New {number}"), now=moment)
                office.publish(now=moment)
                break
        return app(environ, start_response)

    folder = Folder(root, site_url=SITE.base_url)
    list(ExportRun(office.application, folder, busy).outcomes())
    current = office.newsstand.document(ALL, Format.ATOM)
    held = folder.current("/feeds/all.atom")
    assert current is not None
    assert held is not None
    assert held.revision == current.digest
    assert held.sizes[1] == len(current.gzip)


def test_a_document_that_never_rests_is_told(office: Office, root: Path) -> None:
    app = create_app(office.current)

    def restless(environ: dict[str, Any], start_response: Any) -> Any:
        def other(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            fields = [(n, f'"{os.urandom(4).hex()}"' if n == "ETag" else v) for n, v in headers]
            return start_response(status, fields)

        return app(environ, other)

    folder = Folder(root, site_url=SITE.base_url)
    failed = [
        one for one in ExportRun(office.application, folder, restless).outcomes() if one.reason
    ]
    assert {one.path for one in failed} >= {"/feeds/all.atom", "/feeds/lessons.json"}
    assert failed[0].reason == "/feeds/all.atom changes faster than it can be read"


def test_others_may_read_whatever_the_mask(export: Export, root: Path) -> None:
    before = os.umask(0o077)
    try:
        export()
    finally:
        os.umask(before)
    for path in [root, *root.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        public = 0o755 if path.is_dir() else 0o644
        # What a run remembers is for the next run alone.
        assert mode == (0o600 if path.name == "last-run.json" else public), path


def test_a_folder_with_something_else_is_left_alone(root: Path) -> None:
    root.mkdir()
    (root / "letters.txt").write_text("dear aunt")
    with pytest.raises(ForeignFolder, match="no export wrote it"):
        Folder(root, site_url=SITE.base_url)
    assert [path.name for path in root.iterdir()] == ["letters.txt"]


def test_a_folder_belongs_to_one_newsroom(root: Path) -> None:
    Folder(root, site_url=SITE.base_url)
    with pytest.raises(ForeignFolder, match=r"holds the export of https://news\.example\.org"):
        Folder(root, site_url="https://other.example.org")
    (root / "communique-export.json").write_text('{"form": 99}')
    with pytest.raises(ForeignFolder, match="another version"):
        Folder(root, site_url=SITE.base_url)


def test_two_exports_do_not_write_at_once(root: Path) -> None:
    Folder(root, site_url=SITE.base_url)
    with export_lock(root), pytest.raises(Exporting), export_lock(root):
        pass


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/feeds/all", "feeds/all.html"),
        ("/feeds/all.atom", "feeds/all.atom"),
        ("/feeds/all/archive/1.json", "feeds/all/archive/1.json"),
        ("/releases/a-b", "releases/a-b.html"),
    ],
)
def test_an_address_has_a_file_and_a_file_has_an_address(path: str, file: str) -> None:
    assert file_of(path) == PurePosixPath(file)
    assert path_of(PurePosixPath(file)) == path
    assert is_safe(path)


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/feeds/../../etc",
        "/feeds/.hidden",
        "//a",
        "/a//b",
        "a",
        "/a\0b",
        "/a\n",
        "/" + "ä" * 120,
    ],
)
def test_no_address_leads_out_of_the_folder(path: str) -> None:
    assert not is_safe(path)


def test_the_style_sheet_of_a_newsrooms_own_looks_is_exported(
    office: Office, export: Export, root: Path
) -> None:
    site = {"base_url": SITE.base_url, "theme": {"light": {"accent": "#7a0019"}}}
    office.change(settings=Settings.model_validate({"site": site, "categories": []}))
    export()
    page = (root / "site" / "index.html").read_text(encoding="utf-8")
    [address] = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    assert "--accent: #7a0019;" in (root / "site" / address[1:]).read_text(encoding="utf-8")
