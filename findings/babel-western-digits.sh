#!/usr/bin/env bash
# Egyptian, Persian and Nepali pages have Western digits, with Arabic commas between them.
#
# Guess: Babel carries CLDR, so dates and numbers have the digits that CLDR gives the locale, as browsers write them.
# True:  Babel knows no digits but 0 to 9. Dates have them in every locale, and Gregorian years in Persian and Thai;
#        format_decimal takes Western separators, too, and numbering_system="default" changes these alone: "1٬234٫5". A page
#        that a server wrote and a script completes with Intl has two kinds of digits, and in Persian two years.
# Seen:  Babel 2.19.0; Node 20 with ICU 78, November 2026.
# For us: pages have Western digits in every language, and Gregorian years; a machine-readable time stands beside each.
. "$(dirname "$0")/lib.sh"
pip_install Babel==2.19.0
command -v node >/dev/null || missing "node"

{
    "$python" - <<'PY'
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal

for locale in ("ar_EG", "fa_IR", "ne_NP", "th_TH"):
    numbers = [format_decimal(1234.5, locale=locale, numbering_system=system) for system in ("latn", "default")]
    print("Babel", locale, format_date(date(2026, 11, 5), "long", locale=locale), *numbers, sep=" | ")
PY
    node -e '
for (const locale of ["ar-EG", "fa-IR", "ne-NP", "th-TH"])
  console.log(["Intl", locale, new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(Date.UTC(2026, 10, 5)),
    new Intl.NumberFormat(locale).format(1234.5)].join(" | "));'
} >"$seen"
compare <<'END'
Babel | ar_EG | 5 نوفمبر 2026 | 1,234.5 | 1٬234٫5
Babel | fa_IR | 5 نوامبر 2026 | 1,234.5 | 1٬234٫5
Babel | ne_NP | 2026 नोभेम्बर 5 | 1,234.5 | 1,234.5
Babel | th_TH | 5 พฤศจิกายน ค.ศ. 2026 | 1,234.5 | 1,234.5
Intl | ar-EG | ٥ نوفمبر ٢٠٢٦ | ١٬٢٣٤٫٥
Intl | fa-IR | ۱۴ آبان ۱۴۰۵ | ۱٬۲۳۴٫۵
Intl | ne-NP | २०२६ नोभेम्बर ५ | १,२३४.५
Intl | th-TH | 5 พฤศจิกายน 2569 | 1,234.5
END
