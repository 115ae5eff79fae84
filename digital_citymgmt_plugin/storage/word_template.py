# SPDX-License-Identifier: GPL-2.0-or-later
"""A city's own Word template filled with values (docxtpl). A template comes from outside and is treated as hostile.

``render_docx(template_path, values, images, out_path)`` is all that others need (use cases:
``context.files.fill_word``); ``template_names`` tells beforehand which names a template asks for.

What a template may do: ``{{ name }}``, ``{{ row.name }}``, ``{{ row.0 }}``; ``{% if %}``, ``{% for row in rows %}``
(two deep) in all their forms of docxtpl (``{%p``, ``{%tr``, ``{%tc``); ``and``, ``or``, ``not``, comparisons,
``loop.index``, ``loop.first``, ``loop.last``, ``loop.length``; the filters ``default``, ``length``, ``upper``,
``lower``, ``title``.
Everything else of Jinja is refused before anything runs (calls, arithmetic, assignments, macros, includes, attributes
of objects), so are macros, embedded objects, links to other files and fields that read them (DDE, INCLUDETEXT …).
Values are text: what stands in them is neither markup nor a template.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.pictures import Picture
from digital_citymgmt_plugin.storage.documents import CONTROL
from digital_citymgmt_plugin.storage.replacing import replacing
from digital_citymgmt_plugin.storage.word_package import checked

MOST_TEXT = 64 << 20  # letters of a part once it is filled
MOST_PIECES = 2_000_000  # pieces of text of a part: what loops make
MOST_NESTED = 2  # loops in one another
FILTERS = ("default", "length", "upper", "lower", "title")
_LOOP = ("index", "index0", "first", "last", "length", "revindex")
_NODES = (
    "Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem", "For", "If", "CondExpr", "Compare",
    "Operand", "Not", "And", "Or", "Filter", "Test",
)  # fmt: skip
_OWN = ("self", "caller", "varargs", "kwargs", "context")  # names that Jinja gives a meaning
_TESTS = ("defined", "undefined", "none")


def render_docx(
    template_path: str,
    values: Mapping[str, Any],
    images: Mapping[str, Picture | Sequence[Picture]],
    out_path: str,
) -> None:
    """Fill a Word template; the file is written whole or not at all.

    Parameters
    ----------
    template_path : str
        A ``.docx``; not trusted.
    values : mapping
        By name: text, number, truth value, None (nothing), list, mapping; nested as one likes, pictures among them.
        Texts may have lines; control characters are taken out. Numbers are written as Python does: give text where the
        way of writing matters.
    images : mapping
        By name: a picture, or several (``{% for photo in photos %}{{ photo }}{% endfor %}``). They must have been
        decoded and made small before (``storage.photos.small_photo``).
    out_path : str
        The ``.docx`` to write.

    Raises
    ------
    InputRefused
        ``template.unreadable``, ``template.large``, ``template.hostile``, ``template.syntax``,
        ``template.not_allowed``, ``template.unknown`` (names that there are not), ``output.…``.

    Examples
    --------
    >>> render_docx("简报.docx", {"title": "周报", "rows": [{"name": "街道", "count": 3}]},
    ...             {"map": Picture(png, wide=150)}, "out.docx")  # doctest: +SKIP
    """
    template, environment = _opened(template_path, {*values, *images})
    filled = {name: _value(template, value) for name, value in {**values, **images}.items()}
    try:
        template.render(filled, jinja_env=environment, autoescape=True)
        made = io.BytesIO()
        template.save(made)
    except InputRefused:
        raise
    except Exception as error:  # docxtpl, Jinja, lxml and python-docx raise what they like on a foreign file
        raise _told(template_path, error) from error
    with replacing(out_path) as temporary:
        Path(temporary).write_bytes(made.getvalue())


def template_names(template_path: str) -> set[str]:
    """Return the names that a template asks for; refuses it as ``render_docx`` does."""
    template, environment = _opened(template_path, None)
    try:
        template.render({}, jinja_env=environment, autoescape=True)
    except InputRefused:
        raise
    except Exception as error:  # as above
        raise _told(template_path, error) from error
    return set(environment.asked)


def _opened(path: str, known: set[str] | None) -> tuple[Any, Any]:
    """Return the template, looked through, and the environment that fills it."""
    data = checked(path)
    from docxtpl import DocxTemplate

    template = DocxTemplate(io.BytesIO(data))
    try:
        template.init_docx()
    except Exception as error:  # as above
        raise InputRefused("template.unreadable", file=path, detail=f"{error}"[:200]) from error
    return template, _environment(path, known)


def _told(path: str, error: Exception) -> InputRefused:
    from jinja2 import TemplateError

    code = "template.syntax" if isinstance(error, TemplateError) else "template.unreadable"
    return InputRefused(code, file=path, detail=f"{error}"[:200] or type(error).__name__)


def _value(template: Any, value: Any) -> Any:
    """Return a value as a template may have it: plain text, plain containers, pictures."""
    if isinstance(value, Picture):
        from docx.shared import Mm
        from docxtpl import InlineImage

        source = io.BytesIO(value.source) if isinstance(value.source, bytes) else value.source
        return InlineImage(template, source, width=Mm(value.wide))
    if isinstance(value, Mapping):
        return {str(name): _value(template, one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(template, one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return "" if value is None else value
    # \a and \f are breaks for docxtpl; {_{ would become {{.
    return CONTROL.sub("", str(value)).replace("{_", "{ _").replace("_}", "_ }")


def _bounded(path: str) -> Any:
    """Return the class of templates whose text has an end."""
    from jinja2 import Template

    class Bounded(Template):
        """A template of bounded text."""

        def render(self, *args: Any, **kwargs: Any) -> str:
            """Fill it, piece by piece."""
            pieces, size = [], 0
            for count, piece in enumerate(self.generate(*args, **kwargs)):
                size += len(piece)
                if size > MOST_TEXT or count > MOST_PIECES:
                    raise InputRefused("template.large", file=path)
                pieces.append(piece)
            return "".join(pieces)

    return Bounded


def _blank() -> Any:
    """Return the class of what is not there: nothing, whatever is asked of it."""
    from jinja2 import Undefined

    class Blank(Undefined):
        """Nothing."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return self

    return Blank


def _environment(path: str, known: set[str] | None) -> Any:
    """Return Jinja's sandbox with what is allowed and nothing else."""
    from jinja2 import meta
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Allowed(ImmutableSandboxedEnvironment):
        """Values are mappings, lists and texts: nothing of Python is within reach."""

        template_class = _bounded(path)

        def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Any:
            tree = self.parse(source)
            _check_tree(path, tree)
            names = meta.find_undeclared_variables(tree)
            asked.update(names)
            _check_names(path, names, known)
            return super().from_string(source, globals, template_class)

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, Mapping):
                return obj[attribute] if attribute in obj else self.undefined(name=attribute)
            if isinstance(obj, LoopContext) and attribute in _LOOP:
                return getattr(obj, attribute)
            return self.undefined(name=attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
                return obj[argument]
            return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(name=str(argument))

    asked: set[str] = set()
    made: Any = Allowed(autoescape=True, undefined=_blank(), cache_size=0)
    made.asked = asked
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    made.tests = {name: made.tests[name] for name in made.tests if name in _TESTS}
    return made


def _check_names(path: str, names: set[str], known: set[str] | None) -> None:
    lacking = sorted(names - known) if known is not None else []
    if lacking:
        told, there = ", ".join(lacking[:8]), ", ".join(sorted(known or ()))
        raise InputRefused("template.unknown", file=path, names=told[:200], known=there[:600])


def _forbidden(node: Any) -> str:
    """Return what of a node is not on the list; "" when nothing is not."""
    name = type(node).__name__
    words = {"Filter": (FILTERS, "| {}"), "Test": (_TESTS, "is {}")}
    if name not in _NODES:
        return name
    if name in words and node.name not in words[name][0]:
        return words[name][1].format(node.name)[:60]
    if name in ("Getattr", "Name"):
        text = node.attr if name == "Getattr" else node.name
        return str(text)[:60] if text.startswith("_") or (name == "Name" and text in _OWN) else ""
    if name == "Getitem" and not (type(node.arg).__name__ == "Const" and isinstance(node.arg.value, int)):
        return "[…]"
    return "for recursive" if name == "For" and node.recursive else ""


def _check_tree(path: str, tree: Any) -> None:
    """Refuse whatever is not on the list, and loops within loops within loops."""

    def walk(node: Any, deep: int) -> None:
        deep += int(type(node).__name__ == "For")
        what = _forbidden(node) or ("for … for … for" if deep > MOST_NESTED else "")
        if what:
            raise InputRefused("template.not_allowed", file=path, what=what)
        for child in node.iter_child_nodes():
            walk(child, deep)

    try:
        walk(tree, 0)
    except RecursionError:
        raise InputRefused("template.large", file=path) from None
