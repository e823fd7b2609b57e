"""`{{ … }}` in the few places of a job file that take templates: argv items, HTTP values, environment values.

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
    from jinja2.sandbox import SandboxedEnvironment

    def finalize(value: object) -> object:
        return value if isinstance(value, Undefined) else as_text(value)

    return SandboxedEnvironment(
        block_start_string=_NEVER + "%",
        block_end_string="%" + _NEVER,
        comment_start_string=_NEVER + "#",
        comment_end_string="#" + _NEVER,
        undefined=StrictUndefined,
        finalize=finalize,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
