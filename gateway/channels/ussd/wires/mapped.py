"""One wire for every aggregator that writes forms, queries or flat JSON: what it writes where is a table (`form.py`).

A text that accumulates may hold answers dialled behind the code at the first delivery, and a wire keeps nothing that
would tell it from a later one; so every delivery of such a form is a BEGIN that says what was dialled, and the
dialogues, which know the session or do not, take it as the next answer where they do.
"""

import json
from collections.abc import Mapping
from typing import Any, assert_never

from gateway.channels.ussd.codes import Codes, Dialled
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import BODY_BYTES_MAX, Fields, form_fields, json_fields, query_fields
from gateway.channels.ussd.wires.fields import (
    Numbers,
    is_code,
    is_operator,
    is_sequence,
    is_session,
    is_typed,
    word_of,
)
from gateway.channels.ussd.wires.form import Form
from gateway.services.dialogues import Event, EventKind
from ussd_menus import Profile

_READ = {"query": query_fields, "form": form_fields, "json": json_fields}
_ANSWERED = frozenset({EventKind.BEGIN, EventKind.INPUT})


class MappedWire:
    """A wire of channels.ussd.wire made of a table."""

    body_bytes_max = BODY_BYTES_MAX

    def __init__(self, name: str, form: Form, codes: Codes) -> None:
        self.name = name
        self.methods = ("GET", "POST") if form.method == "ANY" else (form.method,)
        self.profile = Profile(form.septets_max, form.ucs2_max if form.ucs2_allowed else 0)
        self._form = form
        self._codes = codes
        self._numbers = Numbers(form.numbers, form.country)
        words = form.kinds
        self._kinds = {
            word.lower(): kind
            for kind, said in (
                (EventKind.BEGIN, words.begin),
                (EventKind.INPUT, words.input),
                (EventKind.ABORT, words.abort),
                (EventKind.TIMEOUT, words.timeout),
                (EventKind.REPORT, words.report),
            )
            for word in said
        }

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a request by the table; fields that it does not name are ignored."""
        if given.tail:
            return BadForm.SYNTAX
        fields = _READ["query" if given.method == "GET" else self._form.carries](given)
        return fields if isinstance(fields, BadForm) else self.read(fields)

    def read(self, fields: Fields) -> Delivery | BadForm:
        """Read fields by the table."""
        names = self._form.fields
        kind = self._kind(fields)
        if isinstance(kind, BadForm):
            return kind
        needed = [names.session, names.msisdn, *([names.text] if kind in _ANSWERED else [])]
        if names.code and kind in _ANSWERED:
            needed.append(names.code)
        if any(name not in fields for name in needed):
            return BadForm.FIELD_MISSING
        event = self._event(fields, kind)
        if isinstance(event, BadForm):
            return event
        echo = {name: fields.get(name, "") for name in self._form.echoed}
        proof = {ours: fields.get(theirs, "") for ours, theirs in self._form.proof.items()}
        proof |= {"session": fields[names.session], "msisdn": fields[names.msisdn]}
        return Delivery(event, echo, proof)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The page in the provider's form."""
        return self._answer(text, delivery.echo, more=more)

    def noted(self, delivery: Delivery) -> Outbound:
        """An empty text, or the JSON object without words."""
        return Outbound() if self._form.answer.style == "text" else self._answer("", delivery.echo, more=False)

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A last page with the words."""
        del given
        shown = 200 if self._form.answer.refusals_as_200 and status in {400, 413} else status
        return self._answer(text, {}, more=False, status=shown)

    def _kind(self, fields: Fields) -> EventKind | BadForm:
        names, begin = self._form.fields, self._form.begin
        if names.kind:
            if names.kind in fields:
                said = self._kinds.get(fields[names.kind].strip().lower())
                if said is not None and (begin == "kind" or said not in _ANSWERED):
                    return said
            if begin == "kind":
                return BadForm.FIELD_FORM if names.kind in fields else BadForm.FIELD_MISSING
        text = fields.get(names.text, "")
        match begin:
            case "unknown_session":
                return EventKind.BEGIN
            case "empty_text":
                return EventKind.INPUT if text else EventKind.BEGIN
            case "dialled":
                whole = text[:1] in {"*", "#"} and text.endswith("#")
                return EventKind.BEGIN if whole and self._codes.split(text).ours else EventKind.INPUT
            case "kind":
                return BadForm.FIELD_FORM
            case unreachable:
                assert_never(unreachable)

    def _event(self, fields: Fields, kind: EventKind) -> Event | BadForm:
        names, form = self._form.fields, self._form
        session, text = fields[names.session], fields.get(names.text, "")
        msisdn = self._numbers.e164(fields[names.msisdn])
        code, operator = fields.get(names.code, ""), fields.get(names.operator, "")
        sequence = fields.get(names.sequence, "")
        formed = is_session(session) and is_operator(operator) and is_sequence(sequence) and is_typed(text)
        if msisdn is None or not formed or (names.code and kind in _ANSWERED and not _is_any_code(code)):
            return BadForm.FIELD_FORM
        if kind not in _ANSWERED:
            reason = word_of(fields.get(names.reason, "") or fields.get(names.kind, ""))
            return Event(self.name, kind, session, msisdn, "", operator=operator, reason=reason)
        dialled = self._dialled(fields, code, text, kind)
        if not is_typed(dialled.answers):
            return BadForm.FIELD_FORM
        if form.accumulates:
            if form.dialled == "text" and text[:1] in {"*", "#"}:
                text = self._codes.split(text).answers
            behind = dialled.answers if kind is EventKind.BEGIN else ""
            return Event(self.name, kind, session, msisdn, dialled.service_code, text, operator, dialled=behind)
        if kind is EventKind.BEGIN:
            text, behind = "", dialled.answers
        else:
            behind = ""
        return Event(
            self.name,
            kind,
            session,
            msisdn,
            dialled.service_code,
            text,
            operator,
            alone=True,
            sequence=sequence,
            dialled=behind,
        )

    def _dialled(self, fields: Fields, code: str, text: str, kind: EventKind) -> Dialled:
        named = self._codes.split(code) if code else Dialled("")
        if kind is not EventKind.BEGIN:
            return Dialled(named.service_code)
        match self._form.dialled:
            case "code":
                return named
            case "text":
                whole = self._codes.split(text) if text[:1] in {"*", "#"} else Dialled(named.service_code, text)
                return whole if whole.answers or not named.service_code else named
            case "suffix":
                return Dialled(named.service_code, text) if text else named
            case "field":
                behind = fields.get(self._form.fields.dialled, "").strip().removeprefix("*").removesuffix("#")
                return Dialled(named.service_code, behind) if behind else named
            case unreachable:
                assert_never(unreachable)

    def _answer(self, text: str, echo: Mapping[str, str], *, more: bool, status: int = 200) -> Outbound:
        form = self._form.answer
        headers = form.headers_more if more else form.headers_end
        if form.style == "text":
            return Outbound(f"{form.con if more else form.end}{text}".encode(), status=status, headers=headers)
        made = _filled(form.template, text, echo, more=more)
        body = json.dumps(made, ensure_ascii=False).encode()
        return Outbound(body, "application/json; charset=utf-8", status, headers)


def _is_any_code(code: str) -> bool:
    bare = code.removesuffix("#")
    return is_code(code) or (bare[:1].isdigit() and is_code(f"*{bare}#"))


def _filled(value: Any, text: str, echo: Mapping[str, str], *, more: bool) -> Any:  # noqa: ANN401  - JSON
    if isinstance(value, Mapping):
        if set(value) == {"more", "end"}:
            return _filled(value["more" if more else "end"], text, echo, more=more)
        return {name: _filled(inner, text, echo, more=more) for name, inner in value.items()}
    if value == "$text":
        return text
    if value == "$more":
        return more
    if isinstance(value, str) and value.startswith("$field."):
        return echo.get(value.removeprefix("$field."), "")
    return value


__all__ = ["MappedWire"]
