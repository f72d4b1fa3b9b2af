#!/usr/bin/env bash
# In selectolax two nodes are equal when they are written alike, and each comparison writes both.
#
# Guess: == tells whether two objects stand for one node of the tree, as in lxml, html5lib's trees and the DOM.
# True:  With Lexbor's nodes == compares the HTML of both, so two empty cells are "the same", `node in list` finds another
#        node, and comparing with the body costs as much as writing the document: 4,000 comparisons take seconds.
#        hash() is the node's, so dicts and sets tell nodes apart.
# Seen:  selectolax 1.0.2, November 2026.
# For us: feeds/html/tree.py has same(), which compares mem_id; nodes stand in dicts and sets, never in lists that are searched.
. "$(dirname "$0")/lib.sh"
pip_install selectolax==1.0.2

cat >equal.py <<'PY'
from time import perf_counter

from selectolax.lexbor import LexborHTMLParser

first, second = LexborHTMLParser("<table><tr><td></td><td></td></tr></table>").css("td")
print(f"two cells: == {first == second}, one node: {first.mem_id == second.mem_id}, in a set: {len({first, second})}")
body = LexborHTMLParser("<p>x <a href=/>y</a></p>" * 2000).body
links = body.css("a")


def seconds(work):
    begun = perf_counter()
    for link in links:
        work(link)
    return perf_counter() - begun


by_html, by_id = seconds(lambda link: link == body), seconds(lambda link: link.mem_id == body.mem_id)
print(f"comparing 2,000 links with the body: over 20 times the price: {by_html > 20 * by_id}")
PY

"$python" equal.py >"$seen"
compare <<'END'
two cells: == True, one node: False, in a set: 2
comparing 2,000 links with the body: over 20 times the price: True
END
