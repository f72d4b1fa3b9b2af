#!/usr/bin/env bash
# Asked for German, a crawler loses every German release of a sitemap in which any other release is translated.
#
# Guess: hreflang in a sitemap adds translations; a page that names none is taken as it is, or its language is looked up in the page.
# True:  with a target language, the pages of a sitemap are those of its hreflang links, once for each page that names them; <loc> is
#        read only if the whole file has no link of that language. So one translated release hides all that have no translation. A
#        page that names itself stays. "de" finds de-CH.
# Seen:  trafilatura 2.3.1, November 2026.
# For us: each release names itself with its language in the sitemap, whether it is translated or not.
. "$(dirname "$0")/lib.sh"
pip_install trafilatura==2.3.1 lxml_html_clean==0.4.6

"$python" -W ignore - >"$seen" 2>/dev/null <<'PY'
from trafilatura.sitemaps import SitemapObject

SITE = "https://press.example.org"


def page(name: str, **languages: str) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{tag.replace("_", "-")}" href="{SITE}/releases/{other}"/>'
        for tag, other in languages.items()
    )
    return f"<url><loc>{SITE}/releases/{name}</loc>{links}</url>"


def found(*pages: str) -> str:
    lists = []
    for language in (None, "de", "en"):
        sitemap = SitemapObject(SITE, "example.org", [], language)
        sitemap.current_url = f"{SITE}/sitemap.xml"
        sitemap.content = (
            '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
            f' xmlns:xhtml="http://www.w3.org/1999/xhtml">{"".join(pages)}</urlset>'
        )
        sitemap.process()
        lists.append(f"{language}: {' '.join(url.rsplit('/', 1)[1] for url in sitemap.urls)}")
    return " | ".join(lists)


both = {"de": "haushalt", "en": "budget"}
print("no links", found(page("haushalt"), page("budget"), page("verkehr")), sep=" | ")
print("links of two", found(page("haushalt", **both), page("budget", **both), page("verkehr")), sep=" | ")
print("links of all", found(page("haushalt", **both), page("budget", **both), page("verkehr", de_CH="verkehr")), sep=" | ")
PY
compare <<'END'
no links | None: haushalt budget verkehr | de: haushalt budget verkehr | en: haushalt budget verkehr
links of two | None: haushalt budget verkehr | de: haushalt haushalt | en: budget budget
links of all | None: haushalt budget verkehr | de: haushalt haushalt verkehr | en: budget budget
END
