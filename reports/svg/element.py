"""SVG elements as safe markup."""

from __future__ import annotations

from markupsafe import Markup, escape

from reports.visible import visible


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element: text children are escaped, markup stays.

    Attribute names take '_' for '-'; `class_` gives 'class'. An attribute that is None is left out.
    """
    # Strings put together, every part escaped: Markup's own formatting takes five times as long.
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)
    return Markup(f"<{name}{shown}>{inner}</{name}>")  # all parts are markup or escaped


def group(children: list[Markup], **attributes: str | float | None) -> Markup:
    """A group of elements."""
    return element("g", *children, **attributes)


def _value(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
