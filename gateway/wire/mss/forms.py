"""The two forms of a message on the wire; each turns octets into the tree that the values are read from, and back.

The tree is JSON's: `{"MSS_StatusReq": {"AP_Info": {...}, ...}}`, with Kiuru's names. SOAP's is in `soap.py`.
"""

import json
import re
from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import ValidationError

from gateway.errors import BadInput
from gateway.wire.mss.codes import FaultCode
from gateway.wire.mss.terms import MSS_NS, SOAP_NS, Mode
from gateway.wire.mss.values import Fault, Message

OCTETS_MAX = 262_144
FAULT = "Fault"
Tree = Mapping[str, object]
_Kind = TypeVar("_Kind", bound=Message)
_SUBCODE = re.compile(r"(?:[A-Za-z0-9._-]*:)?_?([0-9]{3})")


class Form(Protocol):
    """JSON or SOAP."""

    @property
    def content_type(self) -> str:
        """Of what is sent."""
        ...

    @property
    def minor(self) -> int:
        """The minor version that requests for signatures say."""
        ...

    def path(self, kind: type[Message]) -> str:
        """Where requests of this kind are posted, below the service's address."""
        ...

    def encode(self, said: Message | Fault) -> bytes:
        """The octets.

        Raises:
            BadInput: A character that the form cannot carry.
        """
        ...

    def tree(self, octets: bytes) -> Tree:
        """What they say, unchecked.

        Raises:
            BadInput: They are not of this form.
        """
        ...


def decode(form: Form, octets: bytes, *kinds: type[_Kind]) -> _Kind | Fault:
    """A message of one of these kinds, or a fault.

    Raises:
        BadInput: It is neither; the text names the field, never what stands in it.
    """
    if len(octets) > OCTETS_MAX:
        raise BadInput(f"a message of more than {OCTETS_MAX} octets")
    tree = form.tree(octets)
    if FAULT in tree:
        return _fault(tree[FAULT])
    for kind in kinds:
        if kind.NAME in tree:
            return _read(kind, tree[kind.NAME])
    raise BadInput(f"no {' or '.join(kind.NAME for kind in kinds)}")


def _read(kind: type[_Kind], tree: object) -> _Kind:
    try:
        return kind.model_validate(tree)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(str(step) for step in (kind.NAME, *first["loc"]))
        # Pydantic's own text would quote what stands there.
        raise BadInput(f"{where}: {first['type']}") from None


def _fault(tree: object) -> Fault:
    code = _at(tree, "Code", "SubCode", "Value")
    found = _SUBCODE.fullmatch(code) if isinstance(code, str) else None
    if found is None or int(found[1]) not in list(FaultCode):
        raise BadInput("Fault.Code.SubCode.Value: no code that is known")
    by = _at(tree, "Code", "Value")
    return Fault(
        FaultCode(int(found[1])),
        _words(_at(tree, "Reason")),
        _words(_at(tree, "Detail")),
        by_receiver=isinstance(by, str) and by.rpartition(":")[2] == "Receiver",
    )


def _at(tree: object, *path: str) -> object:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _words(given: object) -> str:
    return given[:500] if isinstance(given, str) else ""


def tree_of(said: Message | Fault) -> dict[str, object]:
    """The tree of a message, without what is empty."""
    if isinstance(said, Message):
        return {said.NAME: _pruned(said.model_dump(mode="json", by_alias=True, exclude_none=True))}
    subcode = {"Value": f"_{said.code.value}", "ValueNs": MSS_NS}
    by = "Receiver" if said.by_receiver else "Sender"
    code = {"Value": by, "ValueNs": SOAP_NS, "SubCode": subcode}
    return {FAULT: {"Code": code, "Reason": said.reason, "Detail": said.detail}}


def _pruned(tree: object) -> object:
    if isinstance(tree, dict):
        kept = {name: _pruned(value) for name, value in tree.items()}
        return {name: value for name, value in kept.items() if value not in ({}, [])}
    return [_pruned(one) for one in tree] if isinstance(tree, list) else tree


class JsonForm:
    """Kiuru's JSON: `POST /rest/service/{sign|status|profile|receipt}`."""

    content_type = "application/json;charset=UTF-8"
    minor = 2
    _PATHS: Mapping[str, str] = {
        "MSS_Signature": "sign",
        "MSS_StatusQuery": "status",
        "MSS_ProfileQuery": "profile",
        "MSS_Receipt": "receipt",
    }

    def path(self, kind: type[Message]) -> str:
        """The service's path of the operation."""
        return f"/rest/service/{self._PATHS[kind.OPERATION]}"

    def encode(self, said: Message | Fault) -> bytes:
        """The octets; the mode `asynchClientServer` is `asynch` here."""
        tree = tree_of(said)
        for body in tree.values():
            if isinstance(body, dict) and body.get("MessagingMode") == Mode.POLLED:
                body["MessagingMode"] = "asynch"
        return json.dumps(tree, separators=(",", ":")).encode("ascii")

    def tree(self, octets: bytes) -> Tree:
        """The object that they are."""
        try:
            found = json.loads(octets)
        except (ValueError, RecursionError):
            raise BadInput("no JSON") from None
        if not isinstance(found, dict):
            raise BadInput("no object of JSON")
        return found
