#!/usr/bin/env bash
# Text extractors lose the words in <time>, <ins>, <q> and <sub>.
#
# Guess: extractors drop navigation, and inline elements of a sentence stay in it.
# True:  trafilatura deletes what stands in <time>: "The vote is on , at noon"; goose3 deletes <time>, <ins>, <del>, <q> and
#        <sub> with their text: "from to francs", "H O". The new price, the date and the quotation are what a press release
#        is about. With a <span> in the place of each, both keep every word.
# Seen:  trafilatura 2.3.1, goose3 3.1.22, November 2026. (Mozilla's Readability and readability-lxml keep them.)
# For us: a release's plain text is offered (content_text in JSON Feed), so that nobody has to extract it from the page; the
#        date in a body's sentence is left as the text that it is, and <time> is for the line of dates around it.
. "$(dirname "$0")/lib.sh"
pip_install trafilatura==2.3.1 goose3==3.1.22 lxml_html_clean==0.4.6

cat >extract.py <<'PY'
import logging
import re
import warnings

import trafilatura
from goose3 import Goose

logging.disable()
warnings.simplefilter("ignore")
SENTENCES = (
    'The vote of the shareholders on the dividend is on <time datetime="2026-11-05">5 November</time>, at noon, in Bern.',
    "The company has cut the price of the unit from <del>90</del> to <ins>80</ins> francs, as it said on Tuesday.",
    "The unit, which is sold in all cantons, holds water, that is H<sub>2</sub>O, and nothing else, the company said.",
    "The chairwoman of the company said in Bern on Tuesday: <q>We are delighted</q>, and the reporters wrote it down.",
)
PAGE = "<!DOCTYPE html><html lang=en><head><title>Price cut</title></head><body><main><article><h1>Price cut</h1>{}</article></main></body></html>"


def page(markup: bool) -> str:
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    return PAGE.format(paragraphs if markup else re.sub(r"<(/?)(time|del|ins|sub|q)\b[^>]*>", r"<\1span>", paragraphs))


for name, extract in (
    ("trafilatura", trafilatura.extract),
    ("goose3", lambda html: Goose().extract(raw_html=html).cleaned_text),
):
    for markup in (True, False):
        text = " ".join(extract(page(markup)).split())
        words = ("5 November", "90", "80", "2", "We are delighted")
        lost = [word for word in words if not re.search(rf"(?<!\d){word}(?!\d)", text)]
        print(f"{name}, {'with their elements' if markup else 'with <span> instead'}: lost {lost}")
PY
"$python" extract.py >"$seen"
compare <<'END'
trafilatura, with their elements: lost ['5 November']
trafilatura, with <span> instead: lost []
goose3, with their elements: lost ['5 November', '90', '80', '2', 'We are delighted']
goose3, with <span> instead: lost []
END
