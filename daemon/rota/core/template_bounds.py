"""What an expression may cost: no template takes noticeable time or memory, whatever it says.

Templates are filled in by the daemon itself, so one of `9**9**9` would end the planning of all jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any

from jinja2 import TemplateRuntimeError, TemplateSyntaxError, pass_eval_context
from jinja2.ext import Extension
from jinja2.filters import FILTERS
from jinja2.lexer import Token, TokenStream
from jinja2.nodes import EvalContext
from jinja2.sandbox import SandboxedEnvironment

MAX_LENGTH = 64 * 1024  # characters or items that one operation may make
MAX_WORDS = 400  # names, values and signs of one expression
_MAX_WORDS_IN_ALL = 4000
_MAX_BITS = 4096  # of a number
_MAX_DIGITS = 15  # after the point

# Those whose answer is about as long as what they are given.
_FILTERS = (
    *("abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "filesizeformat"),
    *("first", "float", "int", "items", "last", "length", "list", "lower", "max", "min", "reject"),
    *("rejectattr", "reverse", "safe", "select", "selectattr", "sort", "string", "sum", "title", "trim"),
    *("truncate", "unique", "upper", "urlencode", "wordcount"),
)
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        (
            *(
                "capitalize",
                "casefold",
                "count",
                "endswith",
                "find",
                "index",
                "isalnum",
                "isalpha",
                "isascii",
            ),
            *("isdecimal", "isdigit", "islower", "isnumeric", "isspace", "isupper", "lower", "lstrip"),
            *(
                "partition",
                "removeprefix",
                "removesuffix",
                "rfind",
                "rpartition",
                "rsplit",
                "rstrip",
                "split",
            ),
            *("splitlines", "startswith", "strip", "swapcase", "title", "upper"),
        )
    ),
    dict: frozenset(("get", "items", "keys", "values")),
    list: frozenset(("count", "index")),
    tuple: frozenset(("count", "index")),
}


class BoundedEnvironment(SandboxedEnvironment):
    """Jinja2's sandbox, in which nothing grows without end; what would is a TemplateError."""

    intercepted_binops = frozenset(("**", "*", "%"))

    def __init__(self, **settings: Any) -> None:
        super().__init__(extensions=[_Short], **settings)
        self.filters = {name: FILTERS[name] for name in _FILTERS} | _BOUNDED
        self.globals = {"range": self.globals["range"], "dict": dict}

    def is_safe_callable(self, obj: Any) -> bool:
        """Only these two functions, and methods of texts and collections that build nothing large."""
        if obj is dict or obj is self.globals["range"]:
            return True
        owner, name = type(getattr(obj, "__self__", None)), getattr(obj, "__name__", "")
        return name in _METHODS.get(owner, ())

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiplied and raised within bounds; `%` is for numbers only, since it also fills in texts."""
        _check(_COSTS[operator](left, right))
        return super().call_binop(context, operator, left, right)


class _Short(Extension):
    """Long expressions are refused before they are parsed."""

    def filter_stream(self, stream: TokenStream) -> TokenStream:
        return TokenStream(self._counted(stream), stream.name, stream.filename)

    def _counted(self, stream: TokenStream) -> Iterator[Token]:
        here = 0
        for number, token in enumerate(stream):
            here = 0 if token.type in ("variable_begin", "data") else here + 1
            if here > MAX_WORDS or number > _MAX_WORDS_IN_ALL:
                raise TemplateSyntaxError("it is too long: write a shorter expression", token.lineno)
            yield token


def _power(left: Any, right: Any) -> bool:
    if not isinstance(left, int) or not isinstance(right, int):
        return True
    return left.bit_length() * abs(right) <= _MAX_BITS


def _product(left: Any, right: Any) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length() <= _MAX_BITS
    length = _length(left) or _length(right)
    times = right if isinstance(right, int) else left
    return not length or not isinstance(times, int) or length * times <= MAX_LENGTH


def _remainder(left: Any, _: Any) -> bool:
    return not isinstance(left, str | bytes)


_COSTS: Mapping[str, Callable[[Any, Any], bool]] = {"**": _power, "*": _product, "%": _remainder}


def _replace(value: Any, searched: Any, other: Any, count: int | None = None) -> str:
    text, old, new = str(value), str(searched), str(other)
    times = text.count(old) if count is None else min(text.count(old), count)
    _check(len(text) + times * len(new) <= MAX_LENGTH)
    return text.replace(old, new, -1 if count is None else count)


def _join(values: Sequence[Any], by: Any = "") -> str:
    texts = [str(value) for value in values]
    _check(sum(map(len, texts)) + len(texts) * len(str(by)) <= MAX_LENGTH)
    return str(by).join(texts)


def _round(value: Any, digits: int = 0, method: str = "common") -> Any:
    _check(abs(digits) <= _MAX_DIGITS)
    return FILTERS["round"](value, digits, method)


@pass_eval_context
def _tojson(context: EvalContext, value: Any) -> Any:
    return FILTERS["tojson"](context, value)


_BOUNDED: dict[str, Callable[..., Any]] = {
    "replace": _replace,
    "join": _join,
    "round": _round,
    "tojson": _tojson,
}


def _length(value: Any) -> int:
    return len(value) if isinstance(value, Sized) else 0


def _check(bounded: bool) -> None:
    if not bounded:
        raise TemplateRuntimeError("it makes more than a value may hold")
