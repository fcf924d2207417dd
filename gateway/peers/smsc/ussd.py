"""USSD over SMPP: hops out of deliver_sm and data_sm, pages into submit_sm, each in the operator's dialect."""

import hashlib

from gateway.peers.smsc.arrivals import coding_of, person
from gateway.peers.smsc.profile import LinkProfile, SessionTlv, UssdDialect
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.wire import gsm
from gateway.wire.gsm import Alphabet, Coding
from gateway.wire.smpp import DataSm, DeliverSm, SubmitSm, Tag, Tlv

_SESSION_TAGS = {
    SessionTlv.ITS_SESSION_INFO: int(Tag.ITS_SESSION_INFO),
    SessionTlv.ITS_COUNTED: int(Tag.ITS_SESSION_INFO),
    SessionTlv.USER_MESSAGE_REFERENCE: int(Tag.USER_MESSAGE_REFERENCE),
}
SESSION_OCTETS_MAX = 32
CONFIRM = 0x13
"""USSN confirm: a notice was shown; nobody waits for an answer (5.3.2.44)."""


def is_ussd(profile: LinkProfile, pdu: DeliverSm | DataSm) -> bool:
    """Whether it belongs to a USSD session, by its service type or its op."""
    named = bool(profile.ussd.service_type) and pdu.service_type.upper() == profile.ussd.service_type.upper()
    return named or pdu.tlv(Tag.USSD_SERVICE_OP) is not None


def hop_of(profile: LinkProfile, pdu: DeliverSm | DataSm) -> LinkHop | None:
    """The hop; None if its session, its op or its alphabet cannot be told."""
    dialect = profile.ussd
    session, coding = _session(dialect, pdu), coding_of(profile, pdu.data_coding)
    if session is None or coding is None:
        return None
    text = Alphabet(coding).text(pdu.payload)
    kind = _kind(dialect, pdu, text)
    if kind is None:
        return None
    msisdn, key, unit = person(pdu.source_ton, pdu.source_npi, pdu.source), session, ""
    if dialect.session is SessionTlv.ITS_COUNTED:
        key, unit = session[:1], str(session[1] >> 1)
        kind = HopKind.ABORT if session[1] & 1 else kind
    # Session numbers are an operator's own only together with the person's, which must not stand in an id.
    digest = hashlib.blake2b(msisdn.encode(), digest_size=8).hexdigest()
    return LinkHop(profile.name, f"{key.hex()}-{digest}", msisdn, kind, text, unit)


def page_pdu(profile: LinkProfile, hop: DeliverSm | DataSm, page: LinkPage) -> SubmitSm:
    """The submit_sm that shows `page` in the session of `hop`."""
    dialect = profile.ussd
    octets, coding = gsm.encode(page.text), Coding.GSM
    if octets is None:
        octets, coding = gsm.encode_ucs2(page.text), Coding.UCS2
    session = _session(dialect, hop) or b""
    if dialect.session is SessionTlv.ITS_COUNTED:
        session = bytes([session[0], (session[1] + 2) & 0xFE | page.ends])
    return SubmitSm(
        service_type=dialect.service_type,
        source_ton=hop.dest_ton,
        source_npi=hop.dest_npi,
        source=hop.dest,
        dest_ton=hop.source_ton,
        dest_npi=hop.source_npi,
        dest=hop.source,
        data_coding=profile.data_coding.get(coding, coding.value),
        short_message=octets,
        tlvs=(
            Tlv(Tag.USSD_SERVICE_OP, bytes([dialect.end if page.ends else dialect.ask])),
            Tlv(_tag(dialect), session),
        ),
    )


def is_confirmation(pdu: DeliverSm | DataSm) -> bool:
    """Whether it only says that a notice was shown."""
    return pdu.tlv(Tag.USSD_SERVICE_OP) == bytes([CONFIRM])


def _tag(dialect: UssdDialect) -> int:
    return _SESSION_TAGS.get(dialect.session, dialect.vendor_tag)


def _session(dialect: UssdDialect, pdu: DeliverSm | DataSm) -> bytes | None:
    value = pdu.tlv(_tag(dialect))
    if not value or len(value) > SESSION_OCTETS_MAX:
        return None
    return None if dialect.session is SessionTlv.ITS_COUNTED and len(value) != 2 else value


def _kind(dialect: UssdDialect, pdu: DeliverSm | DataSm, text: str) -> HopKind | None:
    op = pdu.tlv(Tag.USSD_SERVICE_OP)
    if op is None:
        # An operator that only names the service type: what was dialled begins a session.
        return HopKind.BEGIN if text.startswith("*") and text.endswith("#") else HopKind.CONTINUE
    for kind, ops in (
        (HopKind.BEGIN, dialect.begin),
        (HopKind.CONTINUE, dialect.proceed),
        (HopKind.ABORT, dialect.abort),
    ):
        if len(op) == 1 and op[0] in ops:
            return kind
    return None
