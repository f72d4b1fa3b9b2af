"""What a plain YAML scalar means: the core schema of YAML 1.2.2 (section 10.3.2).

PyYAML resolves by YAML 1.1, where ``language: no`` (Norwegian) is false and ``time_of_day: 09:00``
is the number 540. Editors resolve by 1.2, and so do we.
"""

import re

Scalar = str | int | float | bool | None

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
# No setting needs more digits; Python refuses to read more than 4300.
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
# Infinity and "not a number" are left out: nothing here can last or hold that much.
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")

_READERS = (
    (_NULL, lambda _: None),
    (_TRUE, lambda _: True),
    (_FALSE, lambda _: False),
    (_DECIMAL, int),
    (_HEXADECIMAL, lambda text: int(text, 16)),
    (_OCTAL, lambda text: int(text, 8)),
    (_FLOAT, float),
)


def read_scalar(text: str) -> Scalar:
    """Read a plain (unquoted) scalar: null, true or false, a number, or else the text itself."""
    for pattern, reader in _READERS:
        if pattern.fullmatch(text):
            return reader(text)
    return text
