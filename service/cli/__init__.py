"""The command line. Everything that the service does by timer, an operator can do by command.

Results go to standard output, one line each; messages go to standard error. No other package
imports typer or rich.
"""
