"""What is done again and again, as plain functions: a timer can call them, and so can a person."""
