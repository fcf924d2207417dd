"""USSD over SMPP: hops out of deliver_sm and data_sm, pages into submit_sm, each in the operator's dialect."""

import hashlib

from gateway.peers.smsc.arrivals import coding_of, person
from gateway.peers.smsc.profile import Address, LinkProfile, SessionTlv, UssdDialect
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.dialogues.push import Push
from gateway.wire import gsm
from gateway.wire.gsm import Alphabet, Coding
from gateway.wire.smpp import DataSm, DeliverSm, SubmitSm, Tag, Tlv

_SESSION_TAGS = {
    SessionTlv.ITS_SESSION_INFO: int(Tag.ITS_SESSION_INFO),
    SessionTlv.ITS_COUNTED: int(Tag.ITS_SESSION_INFO),
    SessionTlv.USER_MESSAGE_REFERENCE: int(Tag.USER_MESSAGE_REFERENCE),
}
SESSION_OCTETS_MAX = 32
OCTETS_MAX = {Coding.GSM: 182, Coding.UCS2: 160}
"""What one USSD string holds, septets counted before they are packed (3GPP TS 23.038 clause 5)."""
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
    msisdn, unit = person(pdu.source_ton, pdu.source_npi, pdu.source), ""
    if dialect.session is SessionTlv.ITS_COUNTED:
        unit = str(session[1] >> 1)
        kind = HopKind.ABORT if session[1] & 1 else kind
    return LinkHop(profile.name, session_key(dialect, session, msisdn), msisdn, kind, text, unit)


def session_key(dialect: UssdDialect, session: bytes, msisdn: str) -> str:
    """What a session is known by here."""
    key = session[:1] if dialect.session is SessionTlv.ITS_COUNTED else session
    # Session numbers are an operator's own only together with the person's, which must not stand in an id.
    digest = hashlib.blake2b(msisdn.encode(), digest_size=8).hexdigest()
    return f"{key.hex()}-{digest}"


def session_of(profile: LinkProfile, pdu: DeliverSm | DataSm) -> str | None:
    """What the session of a PDU is known by here; None if it names none."""
    session = _session(profile.ussd, pdu)
    return session_key(profile.ussd, session, person(pdu.source_ton, pdu.source_npi, pdu.source)) if session else None


def page_pdu(profile: LinkProfile, hop: DeliverSm | DataSm, page: LinkPage) -> SubmitSm:
    """The submit_sm that shows `page` in the session of `hop`."""
    dialect = profile.ussd
    octets, coding = _encoded(page.text)
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


def push_pdu(profile: LinkProfile, push: Push, number: int) -> tuple[SubmitSm, bytes] | None:
    """The submit_sm that shows a page unasked, and the session that we number so; None if this link carries none."""
    dialect = profile.ussd
    octets, coding = _encoded(push.text)
    if dialect.session is SessionTlv.VENDOR or len(octets) > OCTETS_MAX[coding]:
        # A vendor's centre numbers its sessions itself.
        return None
    session = number.to_bytes(2)
    if dialect.session is SessionTlv.ITS_COUNTED:
        # Nothing follows on a notice, which the standard says with the end bit (5.3.2.43).
        session = bytes([number, 0 if push.asks else 1])
    source, dest = Address.of(profile.sender), Address.of(push.msisdn)
    pdu = SubmitSm(
        service_type=dialect.service_type,
        source_ton=source.ton,
        source_npi=source.npi,
        source=source.digits,
        dest_ton=dest.ton,
        dest_npi=dest.npi,
        dest=dest.digits,
        data_coding=profile.data_coding.get(coding, coding.value),
        short_message=octets,
        tlvs=(
            Tlv(Tag.USSD_SERVICE_OP, bytes([dialect.ask if push.asks else dialect.notify])),
            Tlv(_tag(dialect), session),
        ),
    )
    return pdu, session


def is_confirmation(pdu: DeliverSm | DataSm) -> bool:
    """Whether it only says that a notice was shown."""
    return pdu.tlv(Tag.USSD_SERVICE_OP) == bytes([CONFIRM])


def _encoded(text: str) -> tuple[bytes, Coding]:
    octets = gsm.encode(text)
    return (octets, Coding.GSM) if octets is not None else (gsm.encode_ucs2(text), Coding.UCS2)


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
