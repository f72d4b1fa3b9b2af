"""Everything around the domain: the web, the command line, the scheduler, other people's servers."""
