"""Characters that would hide or reorder a text are shown by their code."""

from __future__ import annotations

import re

from markupsafe import Markup

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Control, bidirectional and zero-width characters and lone surrogates as '[U+202E]'.

    Log values are hostile: a right-to-left override could make a case number read as another one
    (Unicode Technical Report 36, section 2).
    """
    return _UNSEEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)


def shown(value: object) -> object:
    """What a template prints: text made visible; markup of ours and other values as they are."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
