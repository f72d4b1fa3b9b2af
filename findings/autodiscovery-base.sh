#!/usr/bin/env bash
# feedfinder2 passes over <base>, and so subscribes to the translation.
#
# Guess: relative addresses of rel=alternate are resolved as a browser does, by <base href>.
# True:  they are resolved by the page's own address: the page's own feeds, relative to the base, are looked for where they
#        are not and dropped in silence; the feed of another language, whose link begins with a slash, is all that is found.
# Seen:  feedfinder2 0.0.4, November 2026.
# For us: every address in a page's head is absolute, and no page has a base.
. "$(dirname "$0")/lib.sh"
pip_install feedfinder2==0.0.4 beautifulsoup4==4.15.0

mkdir -p site/news site/fr
feed='<rss version="2.0"><channel><title>News</title><link>https://example.com/</link><description>News</description></channel></rss>'
echo "$feed" | tee site/news/feed.rss >site/fr/feed.rss
cat >site/release.html <<'END'
<!DOCTYPE html><html lang="en"><head><title>Price cut</title><base href="/news/">
<link rel="alternate" type="application/rss+xml" href="feed.rss">
<link rel="alternate" type="application/rss+xml" hreflang="fr" href="/fr/feed.rss"></head><body><p>Text</p></body></html>
END
port=$(free_port)
background python3 -m http.server "$port" --bind 127.0.0.1 --directory site
wait_for "$port"
no_proxy=127.0.0.1 "$python" -W ignore -c '
import sys, feedfinder2
print([url.partition("/")[2].partition("/")[2].partition("/")[2] for url in feedfinder2.find_feeds(sys.argv[1])])' \
    "http://127.0.0.1:$port/release.html" >"$seen"
compare <<'END'
['fr/feed.rss']
END
