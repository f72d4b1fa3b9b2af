"""What a template of the newsroom's own extends.

Jinja leaves out a block that no extended template has, and tells nobody.
"""

from collections.abc import Collection, Iterator

from jinja2 import BaseLoader, Environment, TemplateNotFound, nodes

from service.settings import nearest


def heritage_faults(
    environment: Environment, name: str, known: Collection[str]
) -> Iterator[tuple[int, str]]:
    """Yields what is wrong with what a template extends, and with its blocks.

    Args:
        environment: Finds all templates, which can be parsed.
        name: The template.
        known: The names that a template can extend.

    Yields:
        The line, 1 for the first, and the reason.
    """
    own = _parsed(environment, name)
    first = present = own.find(nodes.Extends)
    seen, inherited = {name}, set[str]()
    while first is not None and present is not None:
        if not isinstance(present.template, nodes.Const):
            return  # known only when a page is made
        parent = str(present.template.value)
        if parent in seen:
            yield first.lineno, f"extends itself; the shipped template is 'shipped/{name}'"
            return
        seen.add(parent)
        try:
            parsed = _parsed(environment, parent)
        except TemplateNotFound:
            meant = nearest(parent, known)
            hint = f"; did you mean {meant!r}?" if meant else ""
            yield first.lineno, f"extends {parent!r}, and there is no such template{hint}"
            return
        inherited.update(block.name for block in parsed.find_all(nodes.Block))
        present = parsed.find(nodes.Extends)
    if first is None:
        return
    for block in own.body:
        if isinstance(block, nodes.Block) and block.name not in inherited:
            meant = nearest(block.name, inherited)
            hint = f"; did you mean {meant!r}?" if meant else ""
            reason = f"no page would show block {block.name!r}: no extended template has one{hint}"
            yield block.lineno, reason


def _parsed(environment: Environment, name: str) -> nodes.Template:
    text, _, _ = (environment.loader or BaseLoader()).get_source(environment, name)
    return environment.parse(text)
