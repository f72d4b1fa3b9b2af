// Reads documents with every library of package.json, each called as its own manual has it.
//
//     node read.mjs PACKAGES DOCUMENTS
//
// PACKAGES is the folder with node_modules; in DOCUMENTS are files called *.atom, *.rss and *.json.
// Prints a JSON line {"library", "version", "file", "entries"} or {…, "error"} for each library and
// document that it takes. What a library does not tell of an entry is null or missing. One process
// for all: to start node takes longer than to read.

import { createServer } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join, resolve } from "node:path";
import { Readable } from "node:stream";

const [, , packages, documents] = process.argv;
const folder = resolve(packages);
const load = createRequire(join(folder, "package.json"));

const list = (value) => (value == null ? [] : Array.isArray(value) ? value : [value]);
const text = (value) => (value != null && typeof value === "object" ? (value._ ?? value["#text"] ?? value.$text ?? value.text ?? value.name ?? null) : value ?? null);
const names = (people) => list(people).map((each) => text(each?.name ?? each)).filter((each) => each != null);
const emails = (people) => list(people).map((each) => each?.email).filter((each) => each != null);
const moment = (value) => (value == null ? null : Number.isNaN(+new Date(value)) ? String(value) : new Date(value).toISOString());

async function byFeedparser({ document }) {
  const FeedParser = load("feedparser");
  const entries = [];
  const parser = Readable.from([Buffer.from(document)]).pipe(new FeedParser({ normalize: true, addmeta: false }));
  for await (const each of parser) {
    entries.push({
      id: each.guid, title: each.title, link: each.link, published: moment(each.pubdate),
      authors: list(each.author), labels: each.categories, content: each.description, summary: each.summary,
    });
  }
  return entries;
}

async function byRssParser({ document }) {
  const feed = await new (load("rss-parser"))().parseString(document);
  return feed.items.map((each) => ({
    id: each.id ?? each.guid, title: each.title, link: each.link, published: each.isoDate,
    authors: list(each.author ?? each.creator), labels: each.categories,
    content: each["content:encoded"] ?? each.content, summary: each.summary, self: feed.feedUrl,
  }));
}

const byFastXmlParser = (library) => ({ document, format }) => {
  const { XMLParser } = load(library);
  const read = new XMLParser({ ignoreAttributes: false }).parse(document);
  const entries = format === "atom" ? read.feed.entry : read.rss.channel.item;
  return list(entries).map((each) => ({
    id: text(each.id ?? each.guid), title: String(text(each.title)),
    authors: names(each.author ?? each["dc:creator"]),
    content: text(each.content ?? each["content:encoded"]),
  }));
};

async function byRssToJson({ document }) {
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "application/xml").end(document));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const feed = await load("rss-to-json").parse(`http://127.0.0.1:${server.address().port}/`);
    return feed.items.map((each) => ({
      id: each.id, title: each.title, authors: names(each.author), content: text(each.content),
    }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function byFeedsmith({ document, format }) {
  const { feed } = load("feedsmith").parseFeed(document);
  const entries = feed.entries ?? feed.items ?? [];
  return entries.map((each) => ({
    id: text(each.id ?? each.guid?.value ?? each.guid), title: text(each.title?.value ?? each.title),
    link: format === "atom" ? each.links?.find((one) => (one.rel ?? "alternate") === "alternate")?.href : (each.link ?? each.url),
    published: moment(each.published ?? each.pubDate ?? each.date_published),
    authors: names(format === "rss" ? each.dc?.creators : each.authors), emails: emails(each.authors),
    content: text(each.content?.value ?? each.content?.encoded ?? each.content ?? each.content_html),
  }));
}

function byFeedMe({ document, format }) {
  const FeedMe = load("feedme");
  const parser = new FeedMe(true);
  parser.end(document);
  const { items } = parser.done();
  return items.map((each) => ({
    id: text(each.id ?? each.guid), title: text(each.title), content: text(each.content ?? each["content:encoded"] ?? each.content_html),
    link: format === "atom" ? null : text(each.link ?? each.url),
    authors: names(format === "rss" ? each["dc:creator"] : (each.author ?? each.authors)),
  }));
}

function byFeedParser({ document }) {
  const { parseFeed } = load("@rowanmanning/feed-parser");
  return parseFeed(document).items.map((each) => ({
    id: each.id, title: each.title, link: each.url, published: moment(each.published),
    authors: names(each.authors), emails: emails(each.authors),
    labels: each.categories.map((one) => one.label ?? one.term), content: each.content, summary: each.description,
  }));
}

function byFeedExtractor({ document, format }) {
  const { extractFromXml, extractFromJson } = load("@extractus/feed-extractor");
  const options = { descriptionMaxLen: 0, useISODateFormat: true, normalization: true };
  const feed = format === "json" ? extractFromJson(JSON.parse(document), options) : extractFromXml(document, options);
  return feed.entries.map((each) => ({ id: each.id, title: each.title, link: each.link, published: moment(each.published) }));
}

function byHtmlparser2({ document }) {
  const { parseFeed } = load("htmlparser2");
  return parseFeed(document).items.map((each) => ({
    id: each.id, title: each.title, link: each.link, published: moment(each.pubDate),
  }));
}

async function byXml2js({ document, format }) {
  const read = await load("xml2js").parseStringPromise(document);
  const entries = format === "atom" ? read.feed.entry : read.rss.channel[0].item;
  return list(entries).map((each) => ({
    id: text((each.id ?? each.guid)[0]), title: text(each.title[0]),
    content: text((each.content ?? each["content:encoded"] ?? [])[0]),
  }));
}

const XML = ["atom", "rss"];
const LIBRARIES = {
  feedparser: [byFeedparser, XML],
  "rss-parser": [byRssParser, XML],
  "fast-xml-parser-4": [byFastXmlParser("fast-xml-parser-4"), XML],
  "fast-xml-parser-5": [byFastXmlParser("fast-xml-parser-5"), XML],
  "rss-to-json": [byRssToJson, XML],
  feedsmith: [byFeedsmith, [...XML, "json"]],
  feedme: [byFeedMe, [...XML, "json"]],
  "@rowanmanning/feed-parser": [byFeedParser, XML],
  "@extractus/feed-extractor": [byFeedExtractor, [...XML, "json"]],
  htmlparser2: [byHtmlparser2, XML],
  xml2js: [byXml2js, XML],
};

for (const file of readdirSync(documents).sort()) {
  const one = { document: readFileSync(join(documents, file), "utf8"), format: extname(file).slice(1) };
  for (const [library, [read, formats]] of Object.entries(LIBRARIES)) {
    if (!formats.includes(one.format)) continue;
    const { version } = JSON.parse(readFileSync(join(folder, "node_modules", library, "package.json")));
    const said = { library: `${library} (npm)`, version, file };
    try {
      said.entries = await read(one);
    } catch (error) {
      said.error = String(error?.message ?? error).split("\n")[0].slice(0, 200);
    }
    console.log(JSON.stringify(said));
  }
}
