"""The carriers that there are, by the name of their wire. One more is one row here and its form or line."""

from collections.abc import Mapping
from dataclasses import replace

from simulators.carriers.carrier import Carrier
from simulators.carriers.con_end import AfricasTalking, ConEnd, Oltranz
from simulators.carriers.delta import Arkesel, Hollatags, Ideamart, Korba, Moolre, Nalo, Nsano
from simulators.carriers.form import Form
from simulators.carriers.http_line import HttpLine
from simulators.carriers.hubtel import Hubtel
from simulators.carriers.infobip import Infobip
from simulators.carriers.restcomm import RestComm
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
    )
}  # fmt: skip
"""The wires over HTTP."""


def carrier_to(
    gateway_url: str,
    secret: str,
    service_code: str,
    trace: Trace,
    faults: Faults,
    *,
    wire: str = AFRICAS_TALKING,
    mount: str = "",
    reports: bool = False,
) -> Carrier:
    """A carrier in front of the gateway at `gateway_url`, at `/ussd/{mount}[/{secret}]`; the mount is the wire's name.

    `reports` sends the account of a session that is over, where the provider has one.

    Raises:
        KeyError: No wire of this name.
    """
    form = FORMS[wire]
    if reports and isinstance(form, AfricasTalking):
        form = replace(form, reports=True)
    return Carrier(HttpLine(form, gateway_url, secret, trace, mount=mount), service_code, trace, faults)
