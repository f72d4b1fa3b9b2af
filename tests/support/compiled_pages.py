"""Templates and routes that were compiled once, for all applications of this process.

An application keeps what it compiled, and each test has an application of its own: a fifth of the
processor time of a test that looks at pages went into compiling the same templates and the same
addresses again. A service has one application, and compiles each once.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class _Templates(BytecodeCache):
    """What was compiled from a source, with the same syntax."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def get_bucket(self, environment: Any, name: str, filename: str | None, source: str) -> Bucket:
        syntax = (
            environment.trim_blocks,
            environment.lstrip_blocks,
            sorted(environment.extensions),
        )
        bucket = Bucket(environment, repr((type(environment), syntax, name, filename)), source)
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


def share() -> None:
    """Let all applications share them, from here on."""
    _share_templates()
    if hasattr(Rule, "_compile_builder"):  # private: of some versions
        _share_routes()


def _share_templates() -> None:
    templates, make = _Templates(), Flask.create_jinja_environment

    def make_with_templates(app: Flask) -> Environment:
        environment = make(app)
        environment.bytecode_cache = templates
        return environment

    Flask.create_jinja_environment = make_with_templates  # type: ignore[assignment, method-assign]


def _share_routes() -> None:
    """Share the functions that make an address; each binds its rule when it is called."""
    compiled: dict[object, Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:  # those are made part of the function
            return compile_builder(rule, append_unknown)
        key = rule.rule, tuple(rule._trace), append_unknown
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = compile_once  # type: ignore[assignment, method-assign]
