"""Recurring work as plain functions, which timers call and commands can call, too."""
