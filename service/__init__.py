"""Everything around the domain: the web, the command line, and clients of other servers."""
