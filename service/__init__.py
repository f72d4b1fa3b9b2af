"""Everything around the domain: the web, the command line, other people's servers."""
