"""What each DECLARE template asks for, as searches from an activation to an event that it wants or bars."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How near the two events must be."""

    PLAIN = "plain"
    """Anywhere in the direction; at one instant the order of rows says nothing."""
    ALTERNATE = "alternate"
    """Before the next activation."""
    CHAIN = "chain"
    """Next to each other."""


@dataclass(frozen=True)
class Search:
    """Each activation looks for one event of the other activity."""

    forward: bool
    backward: bool
    form: Form = Form.PLAIN
    by_target: bool = False
    """True: the template's second activity activates, and the first is looked for."""
    barred: bool = False
    """True: what is looked for must not be found."""


_RESPONSE = Search(forward=True, backward=False)
_PRECEDENCE = Search(forward=False, backward=True, by_target=True)
_ALTERNATE_RESPONSE = Search(True, False, Form.ALTERNATE)
_ALTERNATE_PRECEDENCE = Search(False, True, Form.ALTERNATE, by_target=True)
_CHAIN_RESPONSE = Search(True, False, Form.CHAIN)
_CHAIN_PRECEDENCE = Search(False, True, Form.CHAIN, by_target=True)
_RESPONDED = Search(True, True)

SEARCHES: dict[str, tuple[Search, ...]] = {
    "responded_existence": (_RESPONDED,),
    "co_existence": (_RESPONDED, Search(True, True, by_target=True)),
    "response": (_RESPONSE,),
    "precedence": (_PRECEDENCE,),
    "succession": (_RESPONSE, _PRECEDENCE),
    "alternate_response": (_ALTERNATE_RESPONSE,),
    "alternate_precedence": (_ALTERNATE_PRECEDENCE,),
    "alternate_succession": (_ALTERNATE_RESPONSE, _ALTERNATE_PRECEDENCE),
    "chain_response": (_CHAIN_RESPONSE,),
    "chain_precedence": (_CHAIN_PRECEDENCE,),
    "chain_succession": (_CHAIN_RESPONSE, _CHAIN_PRECEDENCE),
    "not_co_existence": (Search(True, True, barred=True),),
    "not_succession": (Search(True, False, barred=True),),
    "not_chain_succession": (Search(True, False, Form.CHAIN, barred=True),),
}
"""Per template of two activities its searches; a template of two halves judges the activations of both."""
