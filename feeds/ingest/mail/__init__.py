"""Messages (.eml): their parts, and what of their text is the release."""

from feeds.ingest.mail.form import parse_mail

__all__ = ["parse_mail"]
