#!/usr/bin/env bash
# gofeed drops everything before a CDATA section, and shows comments.
#
# Guess: Go's encoding/xml joins text and CDATA, and hides comments; gofeed stands upon a pull parser, so it does as well.
# True:  gofeed looks for "<![CDATA[" in the raw text of an element and takes from there on: "5 &lt; 7 &amp; <![CDATA[profit]]>"
#        becomes "profit". A comment inside a title is part of the title, markup and all.
# Seen:  golang-github-mmcdole-gofeed-dev 1.1.3-1, Go 1.19 (Debian 12), November 2026. Programs linked with it read alike.
# For us: titles are one piece of escaped text, without CDATA.
. "$(dirname "$0")/lib.sh"
command -v go >/dev/null || missing "go (Debian 12: apt-get install golang-go)"
debian golang-github-mmcdole-gofeed-dev=1.1.3-1 golang-github-mmcdole-goxpp-dev golang-github-puerkitobio-goquery-dev \
    golang-github-andybalholm-cascadia-dev golang-golang-x-net-dev golang-golang-x-text-dev golang-github-json-iterator-go-dev \
    golang-github-modern-go-concurrent-dev golang-github-modern-go-reflect2-dev

mkdir read
cat >read/main.go <<'GO'
package main

import (
	"fmt"

	"github.com/mmcdole/gofeed"
)

func main() {
	for _, title := range []string{"5 &lt; 7 &amp; <![CDATA[profit]]>", "<![CDATA[a]]]]><![CDATA[> b]]>", "Before<!-- seen by nobody --> and after"} {
		feed, err := gofeed.NewParser().ParseString(`<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>urn:example:feed</id><updated>2026-11-05T10:00:00Z</updated><author><name>N</name></author><entry><title>` + title + `</title><id>urn:example:1</id><link href="https://example.com/1"/><updated>2026-11-05T10:00:00Z</updated></entry></feed>`)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%-40s -> %q\n", title, feed.Items[0].Title)
	}
}
GO
GO111MODULE=off GOFLAGS= GOPATH="$root/usr/share/gocode" GOCACHE="$work/cache" go run read/main.go >"$seen"
compare <<'END'
5 &lt; 7 &amp; <![CDATA[profit]]>        -> "profit"
<![CDATA[a]]]]><![CDATA[> b]]>           -> "a]]> b"
Before<!-- seen by nobody --> and after  -> "Before<!-- seen by nobody --> and after"
END
