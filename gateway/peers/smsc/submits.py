"""Submit_sm PDUs out of messages, as a link wants them."""

from datetime import datetime

from gateway.peers.smsc.profile import Address, LinkProfile
from gateway.services.notices import Outgoing
from gateway.wire import gsm
from gateway.wire.gsm import Part, Splitting
from gateway.wire.smpp import SubmitSm, Tag, Tlv

UDHI = 0x40
"""esm_class: the user data begins with a header (SMPP 3.4, 5.2.12)."""
RECEIPT_WANTED = 0x01
"""registered_delivery: a receipt at success and at failure (5.2.17)."""
VALIDITY_DAYS_MAX = 28


class Submits:
    """Makes the submit_sm PDUs of one link; what never changes is made once, since every message comes by here."""

    def __init__(self, profile: LinkProfile) -> None:
        self._profile = profile
        self._style = profile.style
        self._sources = {text: Address.of(text) for text in (profile.sender, *profile.senders)}
        self._data_coding = {coding: profile.data_coding.get(coding, coding.value) for coding in gsm.Coding}
        self._payload = profile.splitting is Splitting.PAYLOAD
        self._validity: tuple[int, str] = (0, "")

    def of(self, message: Outgoing, now: datetime) -> list[tuple[int, SubmitSm]]:
        """All parts of `message`, by number from 1.

        Raises:
            ValueError: More parts than can be counted, or a text that none of the link's alphabets has.
        """
        parts = gsm.split(message.text, reference=message.reference, style=self._style)
        dest = Address.of(message.address)
        source = self._sources.get(message.sender or self._profile.sender) or Address.of(message.sender)
        until = self._until(message.valid_until, now)
        return [(part.number, self._pdu(part, source, dest, until)) for part in parts]

    def _pdu(self, part: Part, source: Address, dest: Address, until: str) -> SubmitSm:
        octets = part.header + part.data
        return SubmitSm(
            service_type=self._profile.service_type,
            source_ton=source.ton,
            source_npi=source.npi,
            source=source.digits,
            dest_ton=dest.ton,
            dest_npi=dest.npi,
            dest=dest.digits,
            esm_class=UDHI if part.header else 0,
            validity=until,
            registered_delivery=RECEIPT_WANTED,
            data_coding=self._data_coding[part.alphabet.coding],
            short_message=b"" if self._payload else octets,
            tlvs=_tlvs(part, self._style.splitting),
        )

    def _until(self, until: datetime, now: datetime) -> str:
        """As `validity`, kept for the next message that is wanted for as long."""
        seconds = int((until - now).total_seconds())
        if self._validity[0] != seconds:
            self._validity = (seconds, validity(seconds))
        return self._validity[1]


def _tlvs(part: Part, splitting: Splitting) -> tuple[Tlv, ...]:
    """What says of a part what its header would; or the whole text (5.3.2.22 to 24, 5.3.2.32)."""
    if splitting is Splitting.PAYLOAD:
        return (Tlv(Tag.MESSAGE_PAYLOAD, part.header + part.data),)
    if splitting is not Splitting.SAR or part.total == 1:
        return ()
    return (
        Tlv(Tag.SAR_REFERENCE, (part.reference & 0xFFFF).to_bytes(2)),
        Tlv(Tag.SAR_TOTAL, bytes([part.total])),
        Tlv(Tag.SAR_NUMBER, bytes([part.number])),
    )


def validity(seconds: int) -> str:
    """Relative validity_period `YYMMDDhhmmss000R` of `seconds`, at least a minute (SMPP 3.4, 7.1.1.2)."""
    days, seconds = divmod(max(60, seconds), 86_400)
    if days >= VALIDITY_DAYS_MAX:
        days, seconds = VALIDITY_DAYS_MAX, 0
    return f"0000{days:02d}{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}000R"
