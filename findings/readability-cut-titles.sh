#!/usr/bin/env bash
# The reader view cuts a title in half, although the heading of the page is that title, word for word.
#
# Guess: what stands behind a " - " or "|" in <title> is taken for the site's name, unless the page's <h1> has it as well.
# True:  Readability looks at headings only where the title has a colon. With " - ", "|" or "»" it drops the last part, or the
#        first where what is left would have fewer than three words; a title of which four words or fewer would be left stays,
#        and so does every " – ". `og:title` (or a headline in JSON-LD) is taken as it is, and saves them all.
# Seen:  @mozilla/readability 0.6.0, which Firefox's reader view is made of, in linkedom 0.18.15, November 2026.
# For us: the pages of releases and feeds have og:title.
. "$(dirname "$0")/lib.sh"
npm_install @mozilla/readability@0.6.0 linkedom@0.18.15

cat >read.mjs <<'JS'
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
const text = '<p>The ministry presented the plan today. It will be discussed with all states, and others have been heard.</p>'.repeat(8);
for (const title of [
  'Minister opens new rail line in Bern - trains run from December',
  'Minister opens new rail line in Bern – trains run from December',
  'Minister opens new rail line in Bern: trains run from December',
  'The new law in twelve questions | and twelve answers',
  'Gewinn steigt » Ausblick für das Jahr 2027 erhöht',
])
  for (const meta of ['', `<meta property="og:title" content="${title}">`]) {
    const page = `<!DOCTYPE html><html lang="en"><head><title>${title}</title>${meta}</head>`;
    const { document } = parseHTML(`${page}<body><article><h1>${title}</h1>${text}</article></body></html>`);
    const found = new Readability(document).parse().title;
    console.log(meta ? 'og:title' : 'title h1', found === title ? 'whole' : found);
  }
JS
node read.mjs >"$seen"
compare <<'END'
title h1 Minister opens new rail line in Bern
og:title whole
title h1 whole
og:title whole
title h1 whole
og:title whole
title h1 The new law in twelve questions
og:title whole
title h1 Ausblick für das Jahr 2027 erhöht
og:title whole
END
