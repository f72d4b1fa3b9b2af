#!/usr/bin/env bash
# The hub of an Atom feed is an article, and a feed of "general comments" is no feed.
#
# Guess: the addresses taken from a feed are those of its entries; a page's <link rel="alternate"> says which feeds there are.
# True:  every address in an Atom feed's <link> that is not the feed itself is an article, so the hub and the feed's page are fetched
#        as such. (Enclosures that end in a known kind of file are left out.) A feed with the word "comments" anywhere in its
#        address is taken for the comments below articles and never looked at: treaty bodies publish "General comments".
# Seen:  trafilatura 2.3.1, November 2026.
# For us: a GET of the hub is answered for people, and is no fault worth an alarm; such a category is better called otherwise in its slug.
. "$(dirname "$0")/lib.sh"
pip_install trafilatura==2.3.1 lxml_html_clean==0.4.6

"$python" -W ignore - >"$seen" 2>/dev/null <<'PY'
from trafilatura import feeds

SITE = "https://press.example.org"
ATOM = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:press.example.org,2026:all</id><title>All</title><updated>2026-11-30T10:00:00Z</updated>
<link rel="self" type="application/atom+xml" href="{SITE}/feeds/all.atom"/><link rel="hub" href="{SITE}/hub"/>
<link rel="alternate" type="text/html" href="{SITE}/feeds/all"/>
<entry><id>tag:press.example.org,2026:1</id><title>Budget</title><updated>2026-11-30T10:00:00Z</updated>
<link rel="alternate" type="text/html" href="{SITE}/releases/budget"/>
<link rel="enclosure" type="application/pdf" length="9" href="{SITE}/files/budget.pdf"/></entry></feed>"""
PAGE = """<!DOCTYPE html><html lang="en"><head><title>Press</title>
<link rel="alternate" type="application/atom+xml" title="All" href="/feeds/all.atom">
<link rel="alternate" type="application/atom+xml" title="General comments" href="/feeds/general-comments.atom">
<link rel="alternate" type="application/atom+xml" title="General observations" href="/feeds/general-observations.atom">
</head><body><h1>Press</h1></body></html>"""

about = feeds.FeedParameters(SITE, "example.org", SITE, False, None)
print("articles", *feeds.extract_links(ATOM, about))
print("feeds", *feeds.determine_feed(PAGE, about))
PY
compare <<'END'
articles https://press.example.org/feeds/all https://press.example.org/hub https://press.example.org/releases/budget
feeds https://press.example.org/feeds/all.atom https://press.example.org/feeds/general-observations.atom
END
