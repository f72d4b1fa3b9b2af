"""Answers that are kept for bad times take no more room than they may."""

from hashlib import sha256
from random import Random

from feeds.categories import Catalogue
from service.http_rules import Representation
from service.web.document_cache import StoreMoment
from service.web.encoded_variants import EncodedVariants
from service.web.page_cache import MAX_PAGE_BYTES, PageCache
from tests.support.newsrooms import catalogue

READ = StoreMoment(version=1, at=0.0, retractions=0)
CATALOGUE: Catalogue = catalogue()


def keep(cache: PageCache, key: str, size: int) -> None:
    """Keep so many bytes that cannot be compressed."""
    body = Random(key).randbytes(size)
    forms = EncodedVariants(body)
    described = Representation(
        revision=sha256(body).hexdigest(), media_type="text/html", length=forms.length
    )
    cache.store(key, forms, described, catalogue=CATALOGUE, read=READ)


def test_the_oldest_go_first() -> None:
    cache = PageCache(max_bytes=100_000)
    for key in "abc":
        keep(cache, key, 30_000)
    keep(cache, "a", 30_000)
    keep(cache, "d", 30_000)
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
    assert cache.held_bytes <= 100_000


def test_one_that_is_kept_again_counts_once() -> None:
    cache = PageCache()
    for _ in range(5):
        keep(cache, "a", 30_000)
    assert 30_000 < cache.held_bytes < 40_000
    cache.remove("a")
    assert (cache.held_bytes, cache.get("a")) == (0, None)


def test_one_that_is_too_large_leaves_the_others_alone() -> None:
    cache = PageCache()
    keep(cache, "a", 30_000)
    keep(cache, "b", MAX_PAGE_BYTES)
    assert cache.get("a")
    assert not cache.get("b")
