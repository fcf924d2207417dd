"""Messages from people out of deliver_sm and data_sm: who wrote, in which alphabet, and which part of a long one."""

from gateway.peers.smsc.profile import Address, LinkProfile
from gateway.services.messages import Incoming, Place
from gateway.services.msisdn import normal_msisdn
from gateway.wire import gsm
from gateway.wire.gsm import Alphabet, Coding
from gateway.wire.smpp import DataSm, DeliverSm, Tag

UDHI = 0x40
TON_UNKNOWN, TON_INTERNATIONAL, TON_NATIONAL = 0, 1, 2
DIGITS_MIN = 9
"""What is shorter is a short code, never a subscriber's number."""

_STANDARD = {0x00: Coding.GSM, 0x01: Coding.LATIN1, 0x03: Coding.LATIN1, 0x08: Coding.UCS2, 0x0F: Coding.GSM}
"""SMPP 3.4, 5.2.19; 0x0F is what USSD calls the default alphabet (3GPP TS 23.038, clause 5)."""
_GROUP = {0b00: Coding.GSM, 0b10: Coding.UCS2}


def coding_of(profile: LinkProfile, data_coding: int) -> Coding | None:
    """The alphabet of a received data_coding; None for octets that are no text we can read."""
    if data_coding in profile.data_coding_in:
        return profile.data_coding_in[data_coding]
    if data_coding in _STANDARD:
        return _STANDARD[data_coding]
    if data_coding & 0xF0 == 0xF0:
        return None if data_coding & 0x04 else Coding.GSM
    # General groups of TS 23.038, clause 4: bits 3 and 2 are the alphabet.
    return _GROUP.get(data_coding >> 2 & 0b11) if 0x10 <= data_coding < 0x80 else None


def incoming_of(profile: LinkProfile, pdu: DeliverSm | DataSm) -> Incoming | None:
    """The message that this PDU brings; None if it is no text."""
    coding = coding_of(profile, pdu.data_coding)
    if coding is None:
        return None
    read = gsm.user_data(pdu.payload, udhi=bool(pdu.esm_class & UDHI))
    reference = (pdu.tlv(Tag.USER_MESSAGE_REFERENCE) or b"")[:2]
    return Incoming(
        link=profile.name,
        source=person(pdu.source_ton, pdu.source_npi, pdu.source),
        dest=Address(pdu.dest_ton, pdu.dest_npi, pdu.dest).text(),
        alphabet=Alphabet(coding, read.locking, read.single),
        octets=read.octets,
        place=Place(*read.place) if read.place else _sar(pdu),
        # Centres that count nothing send 0 with every message; that tells nothing from anything.
        reference=reference.hex() if any(reference) else "",
    )


def person(ton: int, npi: int, digits: str) -> str:
    """Who wrote or dialled, as the house has numbers, whatever form the operator gives them; else as it came."""
    if digits.isdecimal() and len(digits) >= DIGITS_MIN:
        forms = (f"+{digits}", digits) if ton != TON_NATIONAL and not digits.startswith("0") else (digits,)
        for form in forms:
            if (msisdn := normal_msisdn(form)) is not None:
                return msisdn
    return Address(ton, npi, digits).text()


def _sar(pdu: DeliverSm | DataSm) -> Place | None:
    """Concatenation by TLVs (SMPP 3.4, 5.3.2.22 to 24)."""
    values = [pdu.tlv(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER)]
    if not all(values):
        return None
    reference, total, number = (int.from_bytes(value or b"") for value in values)
    return Place(reference & 0xFFFF, total, number) if 1 <= number <= total <= 0xFF else None
