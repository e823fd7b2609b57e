"""`{{ … }}` where a job file takes templates: argv items, HTTP values, Python arguments, environment values.

Expressions only, sandboxed, strict about unknown names. Statements and comments are switched off, so that
`${#list}` or `%{http_code}` in an argv stay what they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from rota.core.errors import JobError

if TYPE_CHECKING:
    from jinja2.nodes import Node
    from jinja2.sandbox import SandboxedEnvironment

MAX_TEXT = 64 * 1024  # bytes of one rendered value

# NUL can't occur in a job file, so what begins with it is never found.
_NEVER = "\0"


def render(text: str, values: Mapping[str, object], *, where: str) -> str:
    """The text with its expressions replaced; `where` names the place in error messages ("env.PGHOST").

    Raises JobError when a name is unknown, the expression is wrong or the result is larger than `MAX_TEXT`.
    """
    if "{{" not in text:
        return text
    from jinja2 import TemplateError

    try:
        rendered = str(_environment().from_string(text).render(values))
    except TemplateError as error:
        raise JobError(
            f"The template in {where} can't be used: {error.message}. It reads {_short(text)}."
        ) from error
    except Exception as error:  # an expression of the job file may raise anything: 1 / 0, "a" + 1
        raise JobError(f"The template in {where} can't be used: {error}. It reads {_short(text)}.") from error
    if len(rendered.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise JobError(f"The template in {where} makes more than {MAX_TEXT // 1024} KiB of text.")
    return rendered


def value(text: str, values: Mapping[str, object], *, where: str) -> object:
    """As `render`, but a text that is one expression and nothing else keeps the type of its value."""
    if not text.startswith("{{") or not text.endswith("}}") or not is_expression(text):
        return render(text, values, where=where)
    render(text, values, where=where)  # strict and bounded in the same way
    expression = text[2:-2].removeprefix("-").removeprefix("+").removesuffix("-")
    return _environment().compile_expression(expression, undefined_to_none=False)(**values)


def is_expression(text: str) -> bool:
    """Whether the text is one expression and nothing else."""
    from jinja2 import TemplateError, nodes

    try:
        body = _environment().parse(text).body
    except TemplateError:
        return False
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return False
    return len(body[0].nodes) == 1 and not isinstance(body[0].nodes[0], nodes.TemplateData)


@lru_cache(maxsize=1024)  # the same few templates stand in thousands of files
def names(text: str) -> tuple[tuple[str, ...], ...]:
    """The names that its expressions look up, as parts: `{{ params.x }}` has ("params", "x").

    Raises JobError when an expression can't be read, or names a filter or test that there is not; its message
    goes on after a colon.
    """
    from jinja2 import TemplateError

    try:
        return _looked_up(_environment().parse(text))
    except TemplateError as error:
        raise JobError(error.message or "it is no expression") from error
    except RecursionError as error:
        raise JobError("it is nested too deeply") from error
    except ValueError as error:  # of a number with thousands of digits
        raise JobError("it holds a number that is too long") from error


def builtins() -> frozenset[str]:
    """What templates can name without anybody giving it to them."""
    return frozenset(_environment().globals)


def as_text(value: object) -> str:
    """A value as jobs read it: text as it is, booleans `true`/`false`, nothing as "", the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    # Imported when the first template is met: most jobs have none.
    from jinja2 import StrictUndefined, Undefined

    from rota.core.template_bounds import BoundedEnvironment

    def finalize(value: object) -> object:
        return value if isinstance(value, Undefined) else as_text(value)

    return BoundedEnvironment(
        block_start_string=_NEVER + "%",
        block_end_string="%" + _NEVER,
        comment_start_string=_NEVER + "#",
        comment_end_string="#" + _NEVER,
        undefined=StrictUndefined,
        finalize=finalize,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _looked_up(tree: Node) -> tuple[tuple[str, ...], ...]:
    from jinja2 import nodes

    environment = _environment()
    for used in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(used, nodes.Filter) else environment.tests
        if used.name not in known:
            raise JobError(f'there is no {type(used).__name__.lower()} "{used.name}"')
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    found = list(tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)))
    inner = {id(each.node) for each in found if isinstance(each, nodes.Getattr | nodes.Getitem)}
    chains = []
    for each in found:
        if id(each) not in inner:
            chain = _chain(each)
            is_method = id(each) in called and not isinstance(each, nodes.Name)
            chains.append(chain[:-1] if is_method else chain)
    return tuple(dict.fromkeys(chain for chain in chains if chain))


def _chain(node: Node) -> tuple[str, ...]:
    """The parts of a name, as far as they are written out; nothing for what is no name at its root."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        below = _chain(node.node)
        return (*below, node.attr) if below else ()
    if isinstance(node, nodes.Getitem):
        below = _chain(node.node)
        written = node.arg.value if isinstance(node.arg, nodes.Const) else None
        return (*below, written) if below and isinstance(written, str) else ()
    return ()


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
