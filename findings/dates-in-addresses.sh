#!/usr/bin/env bash
# A date in a release's title is the date of the release: it stands in the address.
#
# Guess: a page that says when it was published in `article:published_time`, in JSON-LD's `datePublished` and in `<time>` is
#        dated so; the address counts where a page says nothing.
# True:  "Accounts as of 2024-12-31", published in November 2026 under an address made from its title, is dated 31 December 2024
#        by three libraries that prepare news for archives and language models; newspaper4k also takes a day in the future, or
#        in 1989. Without the hyphens, or with the day first, the address does not count.
# Seen:  htmldate 1.11.0, trafilatura 2.3.1, newspaper4k 0.9.6; not goose3 3.1.22; December 2026.
# For us: mended: addresses made from titles have such a date without hyphens.
. "$(dirname "$0")/lib.sh"
pip_install trafilatura==2.3.1 htmldate==1.11.0 goose3==3.1.22 lxml_html_clean==0.4.6
pip_install newspaper4k==0.9.6

"$python" -W ignore - >"$seen" 2>"$work/log" <<'PY'
import goose3
import newspaper
import trafilatura
from htmldate import find_date

MOMENT = "2026-11-05T10:00:00Z"
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Accounts</title><meta property="og:type" content="article">
<meta property="article:published_time" content="{MOMENT}"><script type="application/ld+json">{{"@context":
"https://schema.org", "@type": "NewsArticle", "headline": "Accounts", "datePublished": "{MOMENT}"}}</script></head><body>
<article><h1>Accounts</h1><p><time datetime="{MOMENT}">5 November 2026</time></p><p>The ministry has published its accounts,
which are longer than those of the year before, and says why.</p></article></body></html>"""
for slug in ("accounts", "accounts-as-of-2024-12-31", "plan-until-2031-12-31", "the-wall-1989-11-09", "accounts-20241231", "accounts-31-12-2024"):
    url = f"https://news.example/releases/{slug}"
    article = newspaper.Article(url)
    article.download(input_html=PAGE)
    article.parse()
    dates = {
        "htmldate": find_date(PAGE, url=url, original_date=True),
        "trafilatura": trafilatura.extract_metadata(PAGE, default_url=url).date,
        "newspaper4k": article.publish_date.date(),
        "goose3": goose3.Goose().extract(raw_html=PAGE).publish_date[:10],
    }
    print(f"{slug:26}", *(f"{name} {date}" for name, date in dates.items()))
PY
compare <<'END'
accounts                   htmldate 2026-11-05 trafilatura 2026-11-05 newspaper4k 2026-11-05 goose3 2026-11-05
accounts-as-of-2024-12-31  htmldate 2024-12-31 trafilatura 2024-12-31 newspaper4k 2024-12-31 goose3 2026-11-05
plan-until-2031-12-31      htmldate 2026-11-05 trafilatura 2026-11-05 newspaper4k 2031-12-31 goose3 2026-11-05
the-wall-1989-11-09        htmldate 2026-11-05 trafilatura 2026-11-05 newspaper4k 1989-11-09 goose3 2026-11-05
accounts-20241231          htmldate 2026-11-05 trafilatura 2026-11-05 newspaper4k 2026-11-05 goose3 2026-11-05
accounts-31-12-2024        htmldate 2026-11-05 trafilatura 2026-11-05 newspaper4k 2026-11-05 goose3 2026-11-05
END
