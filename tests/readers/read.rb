# Reads documents with the standard library's rss and with ruby-feedparser, of which feed2imap is made.
#
#     ruby read.rb DOCUMENTS
#
# Prints a JSON line for each library and document, as read.py does.
require "json"
require "rss"
require "feedparser"

def by_rss(text)
  RSS::Parser.parse(text, false).items.map do |each|
    if each.respond_to?(:guid)
      { id: each.guid.content, title: each.title, link: each.link, published: each.pubDate.iso8601,
        authors: each.dc_creators.map(&:value), labels: each.categories.map(&:content),
        content: each.content_encoded || each.description }
    else
      { id: each.id.content, title: each.title.content, link: each.link.href,
        published: each.published.content.iso8601,
        authors: each.authors.map { |one| one.name.content },
        emails: each.authors.map { |one| one.email&.content }.compact,
        labels: each.categories.map(&:label), content: each.content.content || "" }
    end
  end
end

def by_feedparser(text)
  FeedParser::Feed.new(text).items.map do |each|
    { title: each.title, link: each.link, published: each.date&.iso8601, authors: each.creators }
  end
end

LIBRARIES = { "rss" => method(:by_rss), "ruby-feedparser" => method(:by_feedparser) }

Dir.children(ARGV[0]).sort.reject { |file| file.end_with?(".json") }.each do |file|
  text = File.read(File.join(ARGV[0], file), encoding: "UTF-8")
  LIBRARIES.each do |library, read|
    said = { library: "#{library} (Ruby)", version: Gem.loaded_specs[library]&.version.to_s, file: file }
    begin
      said[:entries] = read.call(text)
    rescue StandardError => error
      said[:error] = "#{error.class}: #{error.message}"[0, 200]
    end
    puts JSON.generate(said)
  end
end
