#!/usr/bin/env bash
# Debian 12's SimplePie cannot read a date under Debian 12's PHP.
#
# Guess: two packages of one stable release, the one depending on the other, work together.
# True:  libphp-simplepie 1.3.1 (of 2012) joins strings in an argument order that PHP 8 no longer takes: the first look at
#        the items, which sorts them by date, is an uncaught TypeError. Whoever catches it and asks again gets the items,
#        each dated now.
# Seen:  libphp-simplepie 1.3.1+dfsg-5, php8.2 8.2.36, Debian 12, November 2026.
# For us: readers built upon that package (and not upon a copy of their own) show nothing of any feed; no form of ours helps.
. "$(dirname "$0")/lib.sh"
command -v php8.2 >/dev/null || missing "php8.2 (Debian 12: apt-get install php8.2-cli php8.2-xml php8.2-mbstring)"
debian libphp-simplepie=1.3.1+dfsg-5

cat >read.php <<'PHP'
<?php
error_reporting(E_ERROR);
ini_set('display_errors', '0');
require $argv[1] . '/usr/share/php/simplepie/autoloader.php';
$item = fn($n) => "<item><title>Title $n</title><link>https://example.com/$n</link><guid isPermaLink='false'>urn:example:$n</guid><pubDate>Thu, 05 Nov 2026 10:0$n:00 +0000</pubDate></item>";
$attempt = function (string $what, callable $do) {
    try {
        $result = $do();
        echo "$what: $result\n";
    } catch (TypeError $error) {
        echo "$what: TypeError: ", preg_replace('/ in .*/', '', $error->getMessage()), "\n";
    }
};
$feed = new SimplePie();
$feed->enable_cache(false);
$feed->set_raw_data('<rss version="2.0"><channel><title>News</title><link>https://example.com/</link><description>News</description>' . $item(1) . $item(2) . '</channel></rss>');
$feed->init();
$attempt('feed title', fn() => $feed->get_title());
$attempt('first title', fn() => $feed->get_item(0)->get_title());
$attempt('first title, asked again', fn() => $feed->get_item(0)->get_title());
$attempt('its date', fn() => abs(strtotime($feed->get_item(0)->get_date('c')) - time()) < 60 ? 'now' : $feed->get_item(0)->get_date('c'));
PHP
php8.2 -r 'echo "PHP ", PHP_VERSION, "\n";'
php8.2 read.php "$root" >"$seen"
compare <<'END'
feed title: News
first title: TypeError: implode(): Argument #2 ($array) must be of type ?array, string given
first title, asked again: Title 1
its date: now
END
