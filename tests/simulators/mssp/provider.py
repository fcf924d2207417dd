"""An application provider by hand, in both forms, and the service that it asks."""

import base64
import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import aiohttp

from simulators.faults import MsspFaults
from simulators.mssp import Authority, KeyKind, Mssp, Provider, Service, SignPhone
from simulators.trace import Trace

AP_ID, AP_PWD, PREFIX = "http://sso.example", "hidden-password", "SSO:"
FIRST, SECOND = "+989120000101", "+989120000102"
TEXT = "SSO: pay 1302 (TXN-3D5K)"
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope"><soapenv:Body><{wrapper}>'
    '<mss:{name} xmlns:mss="http://uri.etsi.org/TS102204/v1.1.2#" xmlns:fi="http://mss.ficom.fi/TS102204/v1.0.0#"'
    ' MajorVersion="1" MinorVersion="1" {attributes}>{inner}</mss:{name}></{wrapper}></soapenv:Body></soapenv:Envelope>'
)


@dataclass
class Bench:
    """A running service with two phones, and a session that asks it."""

    mssp: Mssp
    authority: Authority
    phones: Mapping[str, SignPhone]
    faults: MsspFaults
    trace: Trace
    session: aiohttp.ClientSession
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def phone(self) -> SignPhone:
        return self.phones[FIRST]

    def header(self, **other: str) -> dict[str, str]:
        plain = {"AP_ID": AP_ID, "AP_PWD": AP_PWD, "AP_TransID": f"A{next(self.numbers)}"}
        return plain | {"Instant": datetime.now(UTC).isoformat()} | other

    async def rest(self, verb: str, kind: str, **message: object) -> dict[str, Any]:
        """POST the JSON form; what is in the response, or in the Fault."""
        body = {f"MSS_{kind}Req": {"AP_Info": self.header(), "MajorVersion": "1", "MinorVersion": "2", **message}}
        url = f"http://127.0.0.1:{self.mssp.port}/rest/service/{verb}"
        async with self.session.post(url, json=body) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            inner: dict[str, Any] = answer["Fault" if response.status == 500 else f"MSS_{kind}Resp"]
            return inner

    async def sign(self, **message: object) -> dict[str, Any]:
        """Ask for a signature of TEXT in the JSON form."""
        asked = {
            "MobileUser": {"MSISDN": FIRST.removeprefix("+")},
            "DataToBeSigned": {"MimeType": "text/plain", "Encoding": "UTF-8", "Data": TEXT},
            "SignatureProfile": "http://alauda.mobi/nonRepudiation",
            "MessagingMode": "synch",
            "TimeOut": "80",
        }
        return await self.rest("sign", "Signature", **(asked | message))

    async def soap(self, port: str, wrapper: str, name: str, inner: str, **attributes: str) -> str:
        """POST the SOAP form; the body of the answer."""
        header = " ".join(f'{key}="{escape(value)}"' for key, value in self.header().items())
        shown = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items())
        inner = f"<mss:AP_Info {header}/>{inner}"
        body = ENVELOPE.format(wrapper=wrapper, name=name, attributes=shown, inner=inner)
        url = f"http://127.0.0.1:{self.mssp.port}/soap/services/{port}"
        headers = {"Content-Type": "application/soap+xml"}
        async with self.session.post(url, data=body.encode(), headers=headers) as response:
            return await response.text()


def code_of(answer: Mapping[str, Any]) -> str:
    """The status or fault code."""
    if "Status" in answer:
        return str(answer["Status"]["StatusCode"]["Value"])
    return str(answer["Code"]["SubCode"]["Value"]).removeprefix("_")


def signature_of(answer: Mapping[str, Any]) -> bytes:
    """The CMS."""
    return base64.b64decode(answer["MSS_Signature"]["Base64Signature"])


def found(pattern: str, text: str) -> str:
    """The first group of the first place in a SOAP answer."""
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None, text
    return match[1]


@asynccontextmanager
async def bench(folder: Path | None = None, notify_url: str = "", key: KeyKind = KeyKind.EC) -> AsyncIterator[Bench]:
    """The service on a free port."""
    faults, trace = MsspFaults(), Trace()
    authority = Authority(folder)
    phones = {
        number: SignPhone(number, name, authority, key=key, pin="4711", folder=folder)
        for number, name in ((FIRST, "Treasurer"), (SECOND, "Checker"))
    }
    providers = {AP_ID: Provider(AP_ID, AP_PWD, PREFIX, notify_url)}
    mssp = Mssp(Service(authority, phones, providers, faults, trace), faults, trace)
    await mssp.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Bench(mssp, authority, phones, faults, trace, session)
    finally:
        await mssp.stop()
