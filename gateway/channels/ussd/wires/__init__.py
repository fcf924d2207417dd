"""The HTTP wires of USSD: which there are, and how to add one.

**An aggregator of forms, queries or flat JSON** needs no code: a table in `profiles/NAME.toml` (`form.py` has the
keys), a line in docs/WIRES.md and its row of requests in tests/gateway/channels/ussd/samples.py.

**Any other wire** is a module here (or a folder, where it is long) with one class that satisfies
`channels.ussd.wire.Wire`:

1. It extends `typed.TypedWire`, which takes `name` (the mount's, and the adapter of its events) and `codes` (they cut
   dialled strings), and makes the events of a dial and of an answer.
2. `parse` reads by `bodies.py` (forms, queries, JSON) or `markup.py` (XML without DTD), checks fields by `fields.py`
   and returns a Delivery or a BadForm. It keeps nothing between deliveries: what the next one needs and does not say
   (an invoke id, for example) goes out in the answer and comes back.
3. `page`, `noted` and `refused` write answers. `refused` gets words for the person and a status.
4. `alone=True` where the text is the last answer alone, with the provider's `sequence` if it numbers its deliveries.
   Where the text accumulates, every delivery that may begin a session is a BEGIN with `dialled` (see `mapped.py`).
5. One line in `TYPED` below, one in docs/WIRES.md, one sample in tests/gateway/channels/ussd/samples.py: the
   conformance kit, the fuzzers and the test of the page then find it by themselves.

Guards (who may call) are not the wire's: `guards.py`, configured for each mount. A wire whose body proves who calls
puts those fields into `Delivery.proof`.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import Wire
from gateway.channels.ussd.wires.africastalking import AfricasTalking
from gateway.channels.ussd.wires.fields import NumberForm
from gateway.channels.ussd.wires.flares import Flares
from gateway.channels.ussd.wires.form import Form
from gateway.channels.ussd.wires.hubtel import Hubtel
from gateway.channels.ussd.wires.infobip import Infobip
from gateway.channels.ussd.wires.madapi import Madapi
from gateway.channels.ussd.wires.mapped import MappedWire
from gateway.channels.ussd.wires.oneapi import OneApi
from gateway.channels.ussd.wires.parlayx import ParlayX
from gateway.channels.ussd.wires.restcomm import RestComm
from gateway.channels.ussd.wires.sixdee import Sixdee
from gateway.channels.ussd.wires.xmlrpc import HandleUssd, TrueAfrican

PROFILES = Path(__file__).with_name("profiles")

TYPED: Mapping[str, Callable[[str, Codes], Wire]] = {
    "flares": Flares,
    "hubtel": Hubtel,
    "infobip": Infobip,
    "madapi": Madapi,
    "oneapi": OneApi,
    "parlayx": ParlayX,
    "restcomm": RestComm,
    "sixdee": Sixdee,
    "trueafrican": TrueAfrican,
    "xmlrpc": HandleUssd,
}
"""Wires in code, by the name of their profile."""


def profile_names() -> tuple[str, ...]:
    """Every ready profile."""
    return tuple(sorted({*TYPED, *(file.stem for file in PROFILES.glob("*.toml"))}))


@cache
def form_of(profile: str) -> Form:
    """The table of a ready profile; it is ours, so that a mistake in it is a bug."""
    return Form.model_validate(tomllib.loads((PROFILES / f"{profile}.toml").read_text("utf-8")))


def wire_of(name: str, profile: str, codes: Codes, country: str = "") -> Wire:
    """The wire `name` in the form of a ready profile; `country` lets a table take national numbers of it.

    Raises:
        ValueError: A wire in code reads no national numbers.
    """
    if profile in TYPED:
        if country:
            raise ValueError(f"{profile} writes no national numbers")
        return TYPED[profile](name, codes)
    form = form_of(profile)
    if country:
        numbers = (*form.numbers, NumberForm.NATIONAL)
        form = form.model_copy(update={"country": country, "numbers": tuple(dict.fromkeys(numbers))})
    made = AfricasTalking if profile == "africastalking" else MappedWire
    return made(name, form, codes)


__all__ = ["TYPED", "form_of", "profile_names", "wire_of"]
