# Reads documents with XML::Feed and XML::FeedPP.
#
#     perl read.pl DOCUMENTS
#
# Prints a JSON line for each library and document, as read.py does.
use strict;
use warnings;
use Encode;
use JSON::PP;
use XML::Feed;
use XML::FeedPP;

$XML::Atom::ForceUnicode = 1;

sub by_feed {
    my ($text) = @_;
    my $feed = XML::Feed->parse(\$text) or die XML::Feed->errstr;
    return [map { {
        id => $_->id, title => $_->title, link => $_->link,
        published => $_->issued && $_->issued->iso8601 . "Z",
        authors => [ref $_->author ? @{$_->author} : $_->author // ()],
        content => $_->content->body // "",
    } } $feed->entries];
}

sub by_feedpp {
    my ($text) = @_;
    my $feed = XML::FeedPP->new(decode_utf8($text), -type => "string", utf8_flag => 1);
    return [map { {
        id => $_->guid, title => $_->title, link => $_->link, published => $_->pubDate,
        authors => [ref $_->author ? @{$_->author} : $_->author // ()],
        content => $_->get("content:encoded") // $_->description,
    } } $feed->get_item];
}

my %libraries = (
    "XML::Feed" => [\&by_feed, $XML::Feed::VERSION],
    "XML::FeedPP" => [\&by_feedpp, $XML::FeedPP::VERSION],
);
my $json = JSON::PP->new->allow_blessed->utf8;
opendir my $folder, $ARGV[0] or die $!;
for my $file (sort grep { /\.(atom|rss)$/ } readdir $folder) {
    open my $in, "<:raw", "$ARGV[0]/$file" or die $!;
    my $text = do { local $/; <$in> };
    for my $library (sort keys %libraries) {
        my ($read, $version) = @{$libraries{$library}};
        my $said = { library => "$library (Perl)", version => "$version", file => $file };
        $said->{entries} = eval { $read->($text) };
        if ($@) { delete $said->{entries}; $said->{error} = substr "$@", 0, 200; }
        print $json->encode($said), "\n";
    }
}
