"""Exports of WordPress in our own words, with the faults that real ones have."""

from collections.abc import Iterable
from html import escape
from io import BytesIO
from typing import BinaryIO

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.5" created="2024-05-01 09:00" -->
<rss version="2.0"
    xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
    xmlns:content="http://purl.org/rss/1.0/modules/content/"
    xmlns:wfw="http://wellformedweb.org/CommentAPI/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
    <title>Old Newsroom</title>
    <link>https://old.example</link>
    <language>en-GB</language>
    <wp:wxr_version>1.2</wp:wxr_version>
    <wp:base_site_url>https://old.example</wp:base_site_url>
    <wp:base_blog_url>https://old.example</wp:base_blog_url>
    <wp:author><wp:author_login><![CDATA[anna]]></wp:author_login>
        <wp:author_email><![CDATA[anna@old.example]]></wp:author_email>
        <wp:author_display_name><![CDATA[Anna
            Berger]]></wp:author_display_name></wp:author>
    <wp:category><wp:category_nicename>money</wp:category_nicename>
        <wp:category_parent></wp:category_parent><wp:cat_name><![CDATA[Money]]></wp:cat_name>
    </wp:category>
    <wp:category><wp:category_nicename>tax</wp:category_nicename>
        <wp:category_parent>money</wp:category_parent><wp:cat_name><![CDATA[Tax]]></wp:cat_name>
    </wp:category>
"""
FOOT = "</channel>\n</rss>\n"


def post(
    number: int = 1,
    *,
    title: str = "A treaty is signed",
    body: str = "It was signed today.\n\nBy both.",
    excerpt: str = "",
    status: str = "publish",
    kind: str = "post",
    password: str = "",
    date: str = "2019-05-04 11:00:00",
    date_gmt: str = "2019-05-04 09:00:00",
    guid: str | None = None,
    link: str | None = None,
    terms: Iterable[tuple[str, str, str]] = (),
    meta: Iterable[tuple[str, str]] = (),
    comments: int = 0,
    more: str = "",
) -> str:
    """One ``<item>``."""
    guid = f"https://old.example/?p={number}" if guid is None else guid
    link = f"https://old.example/2019/05/post-{number}/" if link is None else link
    categories = "".join(
        f'<category domain="{domain}" nicename="{slug}"><![CDATA[{name}]]></category>\n'
        for domain, slug, name in terms
    )
    fields = "".join(
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key>"
        f"<wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>\n"
        for key, value in meta
    )
    told = "<wp:comment><wp:comment_id>1</wp:comment_id></wp:comment>\n" * comments
    return f"""<item>
<title><![CDATA[{title}]]></title>
<link>{escape(link)}</link>
<pubDate>Mon, 30 Nov -0001 00:00:00 +0000</pubDate>
<dc:creator><![CDATA[anna]]></dc:creator>
<guid isPermaLink="false">{escape(guid)}</guid>
<description></description>
<content:encoded><![CDATA[{body}]]></content:encoded>
<excerpt:encoded><![CDATA[{excerpt}]]></excerpt:encoded>
<wp:post_id>{number}</wp:post_id>
<wp:post_date>{date}</wp:post_date>
<wp:post_date_gmt>{date_gmt}</wp:post_date_gmt>
<wp:post_name>post-{number}</wp:post_name>
<wp:status>{status}</wp:status>
<wp:post_parent>0</wp:post_parent>
<wp:post_type>{kind}</wp:post_type>
<wp:post_password>{password}</wp:post_password>
{categories}{fields}{told}{more}</item>
"""


def attachment(number: int, url: str, *, alt: str = "", parent: int = 0) -> str:
    """A file of the media library."""
    made = post(
        number,
        title=f"File {number}",
        body="",
        status="inherit",
        kind="attachment",
        meta=[("_wp_attachment_image_alt", alt)],
        more=f"<wp:attachment_url>{escape(url)}</wp:attachment_url>\n",
    )
    return made.replace("<wp:post_parent>0<", f"<wp:post_parent>{parent}<")


def export(*items: str, head: str = HEAD, foot: str = FOOT) -> bytes:
    """A whole export."""
    return f"{head}{''.join(items)}{foot}".encode()


def opened(*items: str) -> BinaryIO:
    """A whole export, to be read."""
    return BytesIO(export(*items))
