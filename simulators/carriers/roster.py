"""The carriers that there are, by the name of their wire. One more is one row here and its form or line."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulators.carriers.carrier import Carrier
from simulators.carriers.con_end import AfricasTalking, ConEnd, Oltranz
from simulators.carriers.delta import Arkesel, Hollatags, Ideamart, Korba, Moolre, Nalo, Nsano
from simulators.carriers.flares import Flares
from simulators.carriers.form import Form
from simulators.carriers.http_line import HttpLine
from simulators.carriers.hubtel import Hubtel
from simulators.carriers.infobip import Infobip
from simulators.carriers.later_line import LaterForm, LaterLine
from simulators.carriers.madapi import Madapi
from simulators.carriers.oneapi import OneApi
from simulators.carriers.parlayx import ParlayX
from simulators.carriers.restcomm import RestComm
from simulators.carriers.sixdee import Sixdee
from simulators.carriers.xml_rpc import HandleUssd, TrueAfrican
from simulators.faults import Faults
from simulators.trace import Trace

AFRICAS_TALKING = "africastalking"
FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        AfricasTalking(AFRICAS_TALKING, plus=True),
        ConEnd("hellio", plus=True),
        ConEnd("mobilesasa", plus=True),
        ConEnd("advanta", session="SESSIONID", msisdn="MSISDN", code="USSDCODE", text="INPUT", carrier="", whole=True),
        ConEnd(
            "bonga", session="session_id", msisdn="mobile_number", code="service_code", text="message",
            carrier="network",
        ),
        ConEnd(
            "crossgate", session="session_id", msisdn="msisdn", code="service_code", text="ussd_string",
            carrier="network_code",
        ),
        ConEnd(
            "techsavanna", session="SESSIONID", msisdn="MSISDN", code="USSDCODE", text="INPUT", carrier="NETWORK",
        ),
        ConEnd(
            "safaricom", session="SESSION_ID", msisdn="ORIG", code="DEST", text="USSD_PARAMS", carrier="",
            bare=True, by_get=True,
        ),
        Oltranz("oltranz"),
        Nalo("nalo"),
        Arkesel("arkesel"),
        Moolre("moolre"),
        Korba("korba"),
        Nsano("nsano"),
        Hollatags("hollatags"),
        Ideamart("ideamart"),
        Infobip("infobip"),
        Hubtel("hubtel"),
        RestComm("restcomm"),
        Flares("flares"),
        Sixdee("sixdee"),
        Madapi("madapi"),
        HandleUssd("xmlrpc"),
        TrueAfrican("trueafrican"),
        ParlayX("parlayx"),
        OneApi("oneapi"),
    )
}  # fmt: skip
"""The wires over HTTP."""
LATER = frozenset(name for name, form in FORMS.items() if isinstance(form, LaterForm))
"""Those whose pages are no answers: their gateway must know the carrier's port."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a house and its provider have agreed on.

    Attributes:
        mount: The gateway's name of the wire, '' where it is the wire's own.
        reports: Whether the provider accounts for sessions that are over, where it can.
        user: The house's name at the provider.
        password: What either proves itself by in what it sends, where the wire has a place for it.
        port: Where the house sends pages that are no answers; 0 is any.
    """

    mount: str = ""
    reports: bool = False
    user: str = "tapdial"
    password: str = field(default="", repr=False)
    port: int = 0


def carrier_to(
    gateway_url: str,
    secret: str,
    service_code: str,
    trace: Trace,
    faults: Faults,
    *,
    wire: str = AFRICAS_TALKING,
    contract: Contract = Contract(),
) -> Carrier:
    """A carrier in front of the gateway at `gateway_url`, at `/ussd/{mount}[/{secret}]`.

    Raises:
        KeyError: No wire of this name.
    """
    form = FORMS[wire]
    if isinstance(form, AfricasTalking):
        form = replace(form, reports=contract.reports)
    if isinstance(form, Flares | LaterForm):
        form = replace(form, user=contract.user, password=contract.password)
    if isinstance(form, LaterForm):
        line: HttpLine = LaterLine(form, gateway_url, secret, trace, mount=contract.mount, port=contract.port)
    else:
        line = HttpLine(form, gateway_url, secret, trace, mount=contract.mount)
    return Carrier(line, service_code, trace, faults)
