"""SVG elements as safe markup."""

from __future__ import annotations

from markupsafe import Markup, escape

from reports.visible import visible


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element: text children are escaped, markup stays.

    Attribute names take '_' for '-'; `class_` gives 'class'. An attribute that is None is left out.
    """
    shown = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(
        child if isinstance(child, Markup) else escape(visible(child)) for child in children
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), shown, inner)


def group(children: list[Markup], **attributes: str | float | None) -> Markup:
    """A group of elements."""
    return element("g", *children, **attributes)


def _value(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
