#!/usr/bin/env bash
# What WordPress keeps private is published by the programs that one moves away with.
#
# Guess: a post that is private, pending, scheduled, in the trash or behind a password is left out, or marked as a draft.
# True:  wordpress-export-to-markdown leaves out drafts and the trash and writes the others as if they were published; a
#        scheduled post only has a later date. Hexo's importer publishes even the trash; only drafts are drafts. Pelican's
#        takes none of them but those behind a password, which are published. None says so, and none knows passwords.
# Seen:  wordpress-export-to-markdown 2.2.2, hexo 8.1.2 with hexo-migrator-wordpress 2.1.2, pelican 4.12.0, November 2026.
# For us: whoever moves in through such files checks them against the export: only `publish` without a password is public.
. "$(dirname "$0")/lib.sh"
pip_install pelican==4.12.0 beautifulsoup4==4.15.0 lxml==6.1.3
npm_install wordpress-export-to-markdown@2.2.2 hexo@8.1.2 hexo-migrator-wordpress@2.1.2

python3 - <<'PY'
STATES = {
    "public": ("publish", ""), "password": ("publish", "secret"), "private": ("private", ""),
    "pending": ("pending", ""), "future": ("future", ""), "trash": ("trash", ""), "draft": ("draft", ""),
}  # fmt: skip
items = "".join(
    f"""<item><title>{name}</title><link>https://news.example/{name}/</link><pubDate>Thu, 05 Nov 2026 09:00:00 +0000</pubDate>
<dc:creator>anna</dc:creator><guid isPermaLink="false">https://news.example/?p={number}</guid><description></description>
<content:encoded><![CDATA[<p>Text</p>]]></content:encoded><excerpt:encoded></excerpt:encoded><wp:post_id>{number}</wp:post_id>
<wp:post_date>2026-11-05 10:00:00</wp:post_date><wp:post_date_gmt>2026-11-05 09:00:00</wp:post_date_gmt>
<wp:post_name>{name}</wp:post_name><wp:status>{status}</wp:status><wp:post_parent>0</wp:post_parent>
<wp:post_type>post</wp:post_type><wp:post_password>{password}</wp:post_password>
<category domain="category" nicename="news">News</category></item>"""
    for number, (name, (status, password)) in enumerate(STATES.items(), 1)
)
with open("export.xml", "w") as file:
    file.write(
        '<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Newsroom</title><link>https://news.example</link>'
        "<description>d</description><wp:wxr_version>1.2</wp:wxr_version>"
        f"<wp:base_blog_url>https://news.example</wp:base_blog_url>{items}</channel></rss>"
    )
PY
mkdir -p site/source
printf 'title: Newsroom\n' >site/_config.yml
echo '{"hexo": {"version": ""}}' >site/package.json
cat >hexo.cjs <<'JS'
const Hexo = require('hexo');
(async () => {
  const hexo = new Hexo('site', { silent: true });
  await hexo.init();
  hexo.extend.migrator.register('wordpress', require('hexo-migrator-wordpress/lib/migrator'));
  await hexo.extend.migrator.get('wordpress').call(hexo, { _: ['export.xml'] });
  process.exit(0);
})();
JS
node hexo.cjs >"$work/hexo.log" 2>&1
node node_modules/wordpress-export-to-markdown/index.js --wizard=false --input=export.xml --output=out --post-folders=false \
    --prefix-date=false --save-attached-images=false --save-scraped-images=false >"$work/export.log" 2>&1
names() { (cd "$1" && find . -name '*.md' -printf '%f\n' | sed 's/\.md$//' | sort | paste -sd' '); }
{
    echo "wordpress-export-to-markdown: $(names out)"
    echo "  that speak of a state: $(grep -rlE '^(status|draft|published|private|password):' out | wc -l)"
    echo "hexo _posts: $(names site/source/_posts)"
    echo "hexo _drafts: $(names site/source/_drafts)"
    "$python" -W ignore -c '
from pelican.tools.pelican_import import wp2fields
print("pelican:", *(f"{fields[0]}={fields[7]}" for fields in wp2fields("export.xml")))'
} >"$seen"
compare <<'END'
wordpress-export-to-markdown: future password pending private public
  that speak of a state: 0
hexo _posts: future password pending private public trash
hexo _drafts: draft
pelican: public=published password=published draft=draft
END
