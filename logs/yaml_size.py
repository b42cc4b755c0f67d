"""How large a YAML document is once its references are written out: a few lines can stand for gigabytes."""

from __future__ import annotations

import yaml

from logs.problems import InputError, Problem

MOST_NODES = 200_000
"""Values, keys and lists of a document."""
DEEPEST = 60
"""Lists and mappings within each other."""


def check_size(root: yaml.Node, file: str) -> None:
    """Raises InputError for a document of too many values, nested too deep, or within itself."""
    counted: dict[int, int] = {}

    def count(node: yaml.Node, depth: int) -> int:
        """Values of a node with those in it; a node that is referred to again counts again."""
        if depth > DEEPEST:
            raise InputError(
                Problem(f"lists and mappings lie in each other more than {DEEPEST} deep", file,
                        node.start_mark.line + 1, "write it as the format's documentation shows")
            )  # fmt: skip
        if id(node) not in counted:
            inner = node.value if isinstance(node, yaml.CollectionNode) else ()
            flat = [each for pair in inner for each in (pair if isinstance(pair, tuple) else (pair,))]
            counted[id(node)] = 1 + sum(count(each, depth + 1) for each in flat)
        return counted[id(node)]

    if (values := count(root, 0)) > MOST_NODES:
        raise InputError(
            Problem(f"holds {values:,} values, more than {MOST_NODES:,}, with what its references stand for",
                    file, 1, "write the values themselves in place of & and *")
        )  # fmt: skip
