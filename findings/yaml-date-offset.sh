#!/usr/bin/env bash
# The date that Jekyll writes is a time in Ruby and a string in Python and JavaScript.
#
# Guess: "date: 2026-11-05 09:00:00 +0200" is a YAML timestamp; all YAML 1.1 libraries give the same moment for it.
# True:  YAML's timestamp wants a colon in the offset. Ruby's Psych takes it without one and gives a Time; PyYAML, ruamel.yaml,
#        python-frontmatter and gray-matter give the text. The neighbours differ as well: a time without offset is UTC in
#        Ruby and JavaScript and naive in Python, and "9:30" is 34200, 570 or text.
# Seen:  PyYAML 6.0.3, ruamel.yaml 0.19.1, gray-matter 4.0.3, psych of Debian 12's ruby 3.1, November 2026.
# For us: dates of imported headers are read from their text by one reader of our own, for every source.
. "$(dirname "$0")/lib.sh"
pip_install PyYAML==6.0.3 ruamel.yaml==0.19.1
npm_install gray-matter@4.0.3
command -v ruby >/dev/null || missing "ruby (Debian 12)"

cat >header.yaml <<'END'
a: 2026-11-05 09:00:00 +0200
b: 2026-11-05 09:00:00 +02:00
c: 2026-11-05 09:00:00
d: 9:30
END
cat >read.py <<'PY'
import yaml
from ruamel.yaml import YAML

text = open("header.yaml").read()
for name, read in (("PyYAML     ", yaml.safe_load(text)), ("ruamel.yaml", YAML(typ="safe", pure=True).load(text))):
    print(name, ", ".join(f"{key} {type(value).__name__} {value}" for key, value in read.items()))
PY
cat >read.rb <<'RUBY'
require 'yaml'
require 'date'
read = YAML.load(File.read('header.yaml'), permitted_classes: [Time, Date])
puts 'psych       ' + read.map { |key, value| "#{key} #{value.class} #{value}" }.join(', ')
RUBY
cat >read.cjs <<'JS'
const matter = require('gray-matter');
const { data } = matter('---\n' + require('fs').readFileSync('header.yaml', 'utf8') + '---\n');
console.log('gray-matter ' + Object.entries(data).map(([key, value]) => `${key} ${value.constructor.name} ${value.toISOString?.() ?? value}`).join(', '));
JS
export TZ=UTC
{
    "$python" read.py
    ruby read.rb
    node read.cjs
} >"$seen"
compare <<'END'
PyYAML      a str 2026-11-05 09:00:00 +0200, b datetime 2026-11-05 09:00:00+02:00, c datetime 2026-11-05 09:00:00, d int 570
ruamel.yaml a str 2026-11-05 09:00:00 +0200, b datetime 2026-11-05 09:00:00+02:00, c datetime 2026-11-05 09:00:00, d str 9:30
psych       a Time 2026-11-05 09:00:00 +0200, b Time 2026-11-05 09:00:00 +0200, c Time 2026-11-05 09:00:00 +0000, d Integer 34200
gray-matter a String 2026-11-05 09:00:00 +0200, b Date 2026-11-05T07:00:00.000Z, c Date 2026-11-05T09:00:00.000Z, d Number 570
END
