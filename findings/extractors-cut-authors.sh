#!/usr/bin/env bash
# "Ministry of Finance" is published by "Ministry", and "Bank for International Settlements" by "Bank".
#
# Guess: the author's name in a page's <meta> or JSON-LD is taken as it is; if anything is split, then lists at commas.
# True:  trafilatura cuts a name at "of", "for", "and", "&", "/" and commas and keeps what is left, in JSON-LD of a person as in
#        <meta>, where a single word, one in capitals or in Chinese, is no author at all. An author of the type Organization,
#        which is what a newsroom is, is never one. newspaper4k splits <meta> at commas and slashes and drops names of one
#        word, and the European Centre whole.
# Seen:  trafilatura 2.3.1, newspaper4k 0.9.6, November 2026.
# For us: no form of the head helps; the feeds' authors are whole.
. "$(dirname "$0")/lib.sh"
pip_install trafilatura==2.3.1 lxml_html_clean==0.4.6
pip_install newspaper4k==0.9.6

"$python" -W ignore - >"$seen" <<'PY'
import html
import json

import trafilatura
from newspaper import Article

TEXT = "<p>The plan was presented today. It will be discussed in Berlin, and the associations have been invited.</p>" * 6


def page(head: str) -> str:
    return f'<!DOCTYPE html><html lang="en"><head><title>T</title>{head}</head><body><article><h1>T</h1>{TEXT}</article></body></html>'


def linked(kind: str, name: str) -> str:
    data = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "T", "author": {"@type": kind, "name": name}}
    return page(f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>')


for name in (
    "Anna Berg",
    "Ministry of Finance",
    "Bank for International Settlements",
    "European Centre for Disease Prevention and Control",
    "Department for Environment, Food & Rural Affairs",
    "Maersk A/S",
    "UNICEF",
    "财政部",
):
    meta = page(f'<meta name="author" content="{html.escape(name)}">')
    found = [trafilatura.extract_metadata(text).author for text in (meta, linked("Person", name), linked("Organization", name))]
    article = Article("https://e.example/1")
    article.download(input_html=meta)
    article.parse()
    print(name, *found, " + ".join(article.authors) or None, sep=" | ")
PY
compare <<'END'
Anna Berg | Anna Berg | Anna Berg | None | Anna Berg
Ministry of Finance | None | Ministry | None | Ministry of Finance
Bank for International Settlements | None | Bank | None | Bank for International Settlements
European Centre for Disease Prevention and Control | European Centre; Control | European Centre; Control | None | None
Department for Environment, Food & Rural Affairs | Department; Food; Rural Affairs | Department; Food; Rural Affairs | None | Department for Environment + Food & Rural Affairs
Maersk A/S | Maersk A; S | Maersk A; S | None | Maersk A
UNICEF | None | UNICEF | None | None
财政部 | None | 财政部 | None | None
END
