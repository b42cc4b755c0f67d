"""Writes the pages beside this file from the docstrings and examples of the detectors: `make docs`."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path

from mining.detection import Detector, Examples
from mining.detectors import detectors
from mining.findings import Verdict

FOLDER = Path(__file__).parent
HEADINGS = {
    "Meaning": "What it means",
    "Needs": "What it needs",
    "Verdicts": "Verdicts",
    "Source": "Source of the definition",
    "Re-perform": "Re-perform an occurrence in a spreadsheet",
}
"""Parts of a docstring, in the order of the page."""
_PART = re.compile(rf"^({'|'.join(HEADINGS)})\b(?:, ([^:]*))?:\s*", re.MULTILINE)


def pages() -> dict[str, str]:
    """File name → text: one page per detector, and README.md that lists them."""
    texts = {f"{_module(each)}.md": _page(each) for each in detectors()}
    return {**texts, "README.md": _index()}


def write() -> None:
    """Write the pages, and remove those whose detector is gone."""
    texts = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def parts_of(detector: Detector) -> tuple[str, dict[str, str]]:
    """The first line of a detector's docstring, and its parts by name, one paragraph each."""
    text = inspect.getdoc(detector) or ""
    found = list(_PART.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    parts = {
        match[1]: _capital(
            " ".join(f"{match[2] + ': ' if match[2] else ''}{text[match.end() : end]}".split())
        )
        for match, end in zip(found, ends, strict=True)
    }
    return text.partition("\n")[0], parts


def _capital(text: str) -> str:
    return text if "." in text.split(maxsplit=1)[0] else text[:1].upper() + text[1:]


def _module(detector: Detector) -> str:
    return type(detector).__module__.rpartition(".")[2]


def _checks(detector: Detector) -> list[str]:
    return [f"{detector.family}.{kind}" for kind in detector.kinds]


def _page(detector: Detector) -> str:
    title, parts = parts_of(detector)
    module = _module(detector)
    lines = [
        f"# {title.rstrip('.')}",
        "",
        f"Checks: {', '.join(f'`{check}`' for check in _checks(detector))}.",
        "",
    ]
    for part, heading in HEADINGS.items():
        if part in parts:
            lines += [f"## {heading}", "", *_wrapped(parts[part]), ""]
        if part == "Verdicts":
            for kind, example in detector.examples.items():
                lines += _examples(f"{detector.family}.{kind}", example)
    lines += [
        "---",
        "",
        f"Written by `make docs` from [`mining/detectors/{module}.py`](../../mining/detectors/{module}.py);",
        "change it there. The examples are run by `tests/mining/test_mining_detectors.py`, in the words of",
        "the small order of [`mining/examples`](../../mining/examples).",
        "",
    ]
    return "\n".join(lines)


def _examples(check: str, example: Examples) -> list[str]:
    found = "once" if example.violations == 1 else f"{example.violations} times"
    return [
        f"## Example: {check}",
        "",
        f"Judged at {example.as_of}. Found {found}{_as_what(example)}:",
        "",
        *_csv(example.violating),
        "",
        "Not found:",
        "",
        *_csv(example.conforming),
        "",
    ]


def _as_what(example: Examples) -> str:
    return "" if example.found is Verdict.VIOLATED else f" ({example.found})"


def _csv(text: str) -> list[str]:
    return ["```csv", *textwrap.dedent(text).strip().splitlines(), "```"]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 110, break_long_words=False, break_on_hyphens=False)


def _index() -> str:
    lines = [
        "# The detectors",
        "",
        "One page each: what it means, what it needs, its verdicts, an example found and one not found,",
        "where the definition comes from, and how a second person re-performs one occurrence.",
        "`make docs` writes them.",
        "",
        "| check | what it finds |",
        "|---|---|",
    ]
    for detector in detectors():
        title, _ = parts_of(detector)
        checks = ", ".join(f"`{check}`" for check in _checks(detector))
        lines.append(f"| {checks} | [{title.rstrip('.')}]({_module(detector)}.md) |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    write()
