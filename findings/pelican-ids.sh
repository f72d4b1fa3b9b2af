#!/usr/bin/env bash
# A release whose date is put right arrives twice.
#
# Guess: an entry's id is made from the article's address or slug, and stays what it is when a header is corrected; in RSS an id that
#        is no address says isPermaLink="false".
# True:  Pelican makes ids of the address's path and the day of "Date": with another day, same slug and same address, every reader
#        has a new entry beside the old one. In RSS this tag: URI stands in a guid without isPermaLink, which says that it is an
#        address. Another time on the same day, or another title, changes nothing.
# Seen:  Pelican 4.12.0, feedgenerator 2.2.1, December 2026.
# For us: ids have nothing of a date. A site of Pelican's moves in by its feed, with the ids that readers know; dates are put right
#        afterwards. A guid that is no address is no address, whatever it says.
. "$(dirname "$0")/lib.sh"
pip_install pelican==4.12.0 feedgenerator==2.2.1 Markdown==3.11.3

mkdir content
cat >settings.py <<'PY'
SITEURL = FEED_DOMAIN = "https://press.example"
SITENAME, AUTHOR, PATH, TIMEZONE, DEFAULT_LANG = "News", "Ministry", "content", "Europe/Berlin", "en"
FEED_ALL_ATOM, FEED_ALL_RSS = "all.atom", "all.rss"
CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = None
PY
build() { # build TITLE DATE
    printf 'Title: %s\nDate: %s\nSlug: budget\n\nText.\n' "$1" "$2" >content/budget.md
    "$work/venv/bin/pelican" --settings settings.py --output out content >>"$work/background.log" 2>&1 || { cat "$work/background.log" >&2; exit 1; }
    echo "$1, $2"
    grep -o '<link href="[^"]*budget[^>]*>\|<id>tag[^/]*/[^/]*</id>\|<guid[^>]*>[^<]*</guid>' out/all.atom out/all.rss | sed 's/^/    /'
}
{
    build "Budget" "2026-11-05 10:00"
    build "The budget" "2026-11-05 11:00"
    build "The budget" "2026-11-06 11:00"
} >"$seen"
compare <<'END'
Budget, 2026-11-05 10:00
    out/all.atom:<link href="https://press.example/budget.html" rel="alternate"/>
    out/all.atom:<id>tag:press.example,2026-11-05:/budget.html</id>
    out/all.rss:<guid>tag:press.example,2026-11-05:/budget.html</guid>
The budget, 2026-11-05 11:00
    out/all.atom:<link href="https://press.example/budget.html" rel="alternate"/>
    out/all.atom:<id>tag:press.example,2026-11-05:/budget.html</id>
    out/all.rss:<guid>tag:press.example,2026-11-05:/budget.html</guid>
The budget, 2026-11-06 11:00
    out/all.atom:<link href="https://press.example/budget.html" rel="alternate"/>
    out/all.atom:<id>tag:press.example,2026-11-06:/budget.html</id>
    out/all.rss:<guid>tag:press.example,2026-11-06:/budget.html</guid>
END
