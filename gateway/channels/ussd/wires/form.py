"""How one aggregator writes USSD as a form, a query or a JSON object: the table that `mapped.py` reads and writes by.

A table is a TOML file of `profiles/` or a `[wire.form]` of the house's own; docs/WIRES.md has every key. What cannot
work is refused when the table is read, with the key's name.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.channels.ussd.wires.fields import NumberForm


class Table(BaseModel):
    """A table of a file, in which a key that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, hide_input_in_errors=True)


class FieldNames(Table):
    """What the provider calls each field; '' where it has none."""

    session: str = Field(min_length=1)
    msisdn: str = Field(min_length=1)
    text: str = Field(min_length=1)
    code: str = ""
    operator: str = ""
    kind: str = ""
    sequence: str = ""
    dialled: str = ""
    reason: str = ""


class KindWords(Table):
    """What the field `kind` says, in lower case, by what happened."""

    begin: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    abort: tuple[str, ...] = ()
    timeout: tuple[str, ...] = ()
    report: tuple[str, ...] = ()


class AnswerForm(Table):
    """How a page is written.

    `template` holds the JSON object: `$text`, `$more`, `$field.NAME` (what the request said there), a table of `more`
    and `end` for a value of each, else the value itself.
    """

    style: Literal["text", "json"] = "text"
    con: str = "CON "
    end: str = "END "
    headers_more: Mapping[str, str] = Field(default_factory=dict)
    headers_end: Mapping[str, str] = Field(default_factory=dict)
    template: Mapping[str, Any] = Field(default_factory=dict)
    refusals_as_200: bool = True


class Form(Table):
    """The whole table.

    Attributes:
        about: Who writes it, one line.
        source: What it was checked against: a `vendor`'s document, other people's `code` in use, or `community` only.
        method: `ANY` where the provider sends either, as the contract says.
        carries: Where the fields of a POST are; those of a GET are in the query.
        accumulates: Whether the text is all answers so far, joined by `*`; else it is the last one alone.
        begin: What tells a begin: `unknown_session` (whatever is new begins; only where the text accumulates),
            `empty_text` (where it is the last answer alone, an empty answer begins anew), `kind` (the field of that
            name) or `dialled` (the text is a whole dialled string of ours).
        dialled: Where the answers stand that were dialled behind the code: behind the `code` in its field, in the
            `text` as a whole dialled string, in the text as a `suffix` alone, in a `field` of their own.
    """

    about: str = Field(max_length=200)
    source: Literal["vendor", "code", "community"] = "community"
    method: Literal["GET", "POST", "ANY"] = "POST"
    carries: Literal["query", "form", "json"] = "form"
    accumulates: bool = False
    begin: Literal["unknown_session", "empty_text", "kind", "dialled"] = "kind"
    dialled: Literal["code", "text", "suffix", "field"] = "code"
    numbers: tuple[NumberForm, ...] = (NumberForm.PLUS, NumberForm.BARE)
    country: str = Field("", pattern=r"^[1-9][0-9]{0,2}$|^$")
    fields: FieldNames
    kinds: KindWords = KindWords()
    answer: AnswerForm = AnswerForm()
    proof: Mapping[str, str] = Field(default_factory=dict)
    septets_max: int = Field(182, ge=60, le=182)
    ucs2_max: int = Field(80, ge=30, le=80)
    ucs2_allowed: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse what could not work.

        Raises:
            ValueError: Says which keys do not go together.
        """
        if self.method == "GET" and self.carries != "query":
            raise ValueError("a GET carries its fields in the query")
        if self.begin == "unknown_session" and not self.accumulates:
            raise ValueError("begin = unknown_session needs accumulates = true: a last answer alone tells no begin")
        if self.begin == "kind" and not (self.fields.kind and self.kinds.begin):
            raise ValueError("begin = kind needs fields.kind and kinds.begin")
        if self.dialled == "field" and not self.fields.dialled:
            raise ValueError("dialled = field needs fields.dialled")
        if NumberForm.NATIONAL in self.numbers and not self.country:
            raise ValueError("numbers with national need a country")
        if (self.answer.style == "json") != bool(self.answer.template):
            raise ValueError("answer.template goes with answer.style = json")
        secret = {self.fields.text, self.fields.dialled} & set(self.echoed)
        if secret:
            raise ValueError("what was typed is never repeated in an answer")
        return self

    @property
    def echoed(self) -> tuple[str, ...]:
        """The fields of the request that the answer repeats."""
        return tuple(dict.fromkeys(_fields_of(self.answer.template)))


def _fields_of(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$"):
        if value.startswith("$field."):
            yield value.removeprefix("$field.")
        elif value not in {"$text", "$more"}:
            raise ValueError(f"answer.template: {value} is none of $text, $more and $field.NAME")
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _fields_of(inner)


__all__ = ["AnswerForm", "FieldNames", "Form", "KindWords", "Table"]
