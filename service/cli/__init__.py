"""The command line: whatever a timer does, a person can do too.

Results go to standard output, one line per thing; talk goes to standard error. The only room that
imports typer and rich.
"""
