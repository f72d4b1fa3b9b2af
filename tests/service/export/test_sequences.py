"""Whatever happened between two exports, the folder is what an export into an empty one writes."""

import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Redirect
from feeds.model.release import Details
from service.export import ExportMemory, ExportResult, ExportRun, Folder, rules_of
from service.web import create_app
from tests.service.web.offices import open_office
from tests.support.newsrooms import NOON, SITE, WINDOW_OF_TWO, catalogue, draft, feed
from tests.support.postgres import fastest_folder

#: Bytes of a file or target of a link, with its time, by its name.
Tree = dict[str, tuple[bytes | str, float]]

#: Where no disk is waited for.
MEMORY = fastest_folder()

#: One small document an archive: a few releases make some of them.
WINDOW = replace(WINDOW_OF_TWO, days=0)


#: The date in the name of a page's version. It is kept where the page's bytes are: a page is not
#: written anew because a configuration, or one more look at it, dates it otherwise.
_DATE_OF_PAGE = re.compile(r"(\.html|\.xml|\.opml|\.txt|/index)(/[0-9a-f]{64})\.(?:undated|\w+)\.")


def _undated(name: str) -> str:
    return _DATE_OF_PAGE.sub(r"\1\2.-.", name)


def tree(root: Path) -> Tree:
    """All that an export wrote, but for its locks and the dates of pages."""
    return {
        _undated(str(path.relative_to(root))): _content(path)
        for path in root.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.name != ".lock"
    }


def _content(path: Path) -> tuple[bytes | str, float]:
    if path.is_symlink():
        return _undated(str(path.readlink())), 0.0
    is_version = "versions" in path.parts and _undated(str(path)) == str(path)
    return path.read_bytes(), path.stat().st_mtime if is_version else 0.0


class Hasty(Folder):
    """A folder that may be lost with the machine's power: the disk is waited for elsewhere."""

    def keep(self) -> None:
        """Go on at once."""


class Exports:
    """A newsroom with a clock that is set by hand, and the folder that it is exported to."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "public"
        self.now = NOON
        self._aside = folder / "aside"
        self._office = open_office(folder, catalogue(window=WINDOW))
        self._numbers = count(1)
        self._known: list[tuple[str, str]] = []  # source key and slug
        self._changes: dict[str, dict[str, object]] = {}
        self._site = SITE
        self._finance: tuple[str, ...] = ("Money",)

    def close(self) -> None:
        self._office.database.close()

    # What may happen.

    def add(self, names: Sequence[str] = ("finance",), work: str | None = None) -> None:
        """A new release, perhaps as another translation of one there is."""
        number = next(self._numbers)
        details = Details(work=work) if work else Details()
        language = ("en", "fr", "ar")[number % 3]
        [taken] = self._office.add(
            draft(
                f"id:{number}", *names, title=f"Release {number}", language=language,
                details=details, published=self.now,
            ),
            now=self.now,
        )  # fmt: skip
        self._known.append((f"id:{number}", taken.release.slug))

    def correct(self, which: int, name: str = "finance") -> None:
        """Another text, under other categories."""
        if self._known:
            key, _ = self._known[which % len(self._known)]
            title = f"Corrected at {self.now:%d %H:%M}"
            self._office.add(draft(key, name, title=title, published=NOON), now=self.now)

    def retract_or_restore(self, which: int) -> None:
        """A release is taken back, or stands again."""
        if not self._known:
            return
        _, slug = self._known[which % len(self._known)]
        newsroom = self._office.newsroom
        if newsroom.release(slug).release.retraction is None:
            newsroom.retract(slug, reason="It was wrong.", by="ops", now=self.now)
        else:
            newsroom.restore(slug, by="ops", now=self.now)

    def embargo(self, hours: int) -> None:
        """A document that waits."""
        number = next(self._numbers)
        until = self.now + timedelta(hours=hours)
        waiting = replace(
            draft(f"id:{number}", "health", title=f"Waiting {number}", published=until),
            embargoed_until=until,
        )
        self._office.add(waiting, now=self.now)

    def refile(self) -> None:
        """Another category claims a name: releases move."""
        self._finance = () if self._finance else ("Money",)
        self.configure()

    def rename(self) -> None:
        """A feed has another slug, and back."""
        changes = self._changes.setdefault("cooperation", {})
        if changes.get("slug"):
            changes.update(slug="", was=("together",))
        else:
            changes.update(slug="together", was=("cooperation",))
        self.configure()

    def end(self, hours: int) -> None:
        """A feed ends, says farewell, and is gone; or it goes on."""
        ending = FeedClosure(
            on=self.now + timedelta(hours=hours),
            gone_at=self.now + timedelta(hours=3 * hours + 1),
            words="It is over.",
            onward=Redirect(url="https://example.org/health", title="Health"),
        )
        changes = self._changes.setdefault("health", {})
        changes["ending"] = None if changes.get("ending") else ending
        self.configure()

    def drop(self) -> None:
        """A feed is no longer configured, or is again."""
        changes = self._changes.setdefault("finance", {})
        changes["is_dropped"] = not changes.get("is_dropped")
        self.configure()

    def retitle(self) -> None:
        """Other words on every page."""
        self._site = replace(self._site, title=f"{self._site.title}!")
        self.configure()

    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.now += timedelta(minutes=minutes)

    def configure(self) -> None:
        self._office.configure(self._catalogue(), now=self.now)

    def export(self) -> Counter[ExportResult]:
        """Export, and compare with what an export into an empty folder would be."""
        results = self._run()
        assert not results[ExportResult.FAILED]
        found = tree(self.root)
        self.root.rename(self._aside)
        self._run()
        fresh = tree(self.root)
        shutil.rmtree(self.root)
        self._aside.rename(self.root)
        assert sorted(found) == sorted(fresh)
        assert found == fresh
        return results

    def _run(self) -> Counter[ExportResult]:
        office, now = self._office, self.now
        office.newsroom.embargoes.release(now=now)
        office.newsroom.closures.announce(now=now)
        office.newsroom.notices.expire(now=now)
        office.publish(now=now)
        folder = Hasty(self.root, site_url=SITE.base_url)
        memory = ExportMemory(root=folder.root, rules=rules_of(office.catalogue, "1"), now=now)
        run = ExportRun(
            office.application, folder, create_app(office.current, clock=lambda: now), memory=memory
        )
        return Counter(outcome.result for outcome in run.outcomes(grace_s=-1))

    def _catalogue(self) -> Catalogue:
        categories = [
            Category(slug="cooperation", title="Cooperation"),
            Category(slug="finance", title="Finance", names=self._finance),
            Category(slug="health", title="Health", names=() if self._finance else ("Money",)),
        ]
        feeds = [feed(ALL, window=WINDOW)]
        for category in categories:
            changes = dict(self._changes.get(category.slug, {}))
            if changes.pop("is_dropped", False):
                continue
            slug = str(changes.pop("slug", "") or category.slug)
            feeds.append(feed(slug, category.slug, window=WINDOW, **changes))
        return Catalogue(self._site, categories, feeds)


#: What may happen, with what it is told.
STEPS = {
    Exports.add: st.tuples(
        st.lists(st.sampled_from(["finance", "cooperation", "health", "money"]), max_size=2),
        st.sampled_from([None, "treaty"]),
    ),
    Exports.correct: st.tuples(st.integers(0, 9), st.sampled_from(["finance", "money", "health"])),
    Exports.retract_or_restore: st.tuples(st.integers(0, 9)),
    Exports.embargo: st.tuples(st.integers(1, 4)),
    Exports.refile: st.tuples(),
    Exports.rename: st.tuples(),
    Exports.end: st.tuples(st.integers(1, 30)),
    Exports.drop: st.tuples(),
    Exports.retitle: st.tuples(),
    Exports.wait: st.tuples(st.sampled_from([1, 10, 20, 60, 60 * 24 * 3, 60 * 24 * 40])),
    Exports.export: st.tuples(),
}

Step = tuple[str, tuple[object, ...]]


def steps() -> st.SearchStrategy[Step]:
    """One of them."""
    return st.one_of(
        *(st.tuples(st.just(what.__name__), told) for what, told in STEPS.items()),
        st.just(("export", ())),
    )


@settings(
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(steps(), min_size=8, max_size=20))
def test_an_export_after_any_changes_is_a_fresh_one(sequence: list[Step]) -> None:
    with (
        TemporaryDirectory(prefix="export", dir=MEMORY) as name,
        closing(Exports(Path(name))) as exports,
    ):
        for _ in range(5):
            exports.add()
            exports.wait(7)
        exports.export()
        for what, told in sequence:
            getattr(exports, what)(*told)
        exports.export()
        exports.wait(20)
        exports.export()


def test_export_after_export_leaves_all_as_it_is() -> None:
    """Also what is older than the margin, which is not looked at again: archives, pages."""
    with (
        TemporaryDirectory(prefix="export", dir=MEMORY) as name,
        closing(Exports(Path(name))) as exports,
    ):
        for _ in range(8):
            exports.add()
            exports.wait(1)
        exports.export()
        first = tree(exports.root)
        assert any("/archive/" in path for path in first)
        for minutes in (30, 30, 90):
            exports.wait(minutes)
            results = exports.export()
            assert {*results} == {ExportResult.UNCHANGED}
            again = tree(exports.root)
            assert again.keys() == first.keys()
