"""Submit_sm PDUs out of messages, as a link wants them."""

from datetime import datetime
from functools import lru_cache

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


def submits(profile: LinkProfile, message: Outgoing, now: datetime) -> list[tuple[int, SubmitSm]]:
    """All parts of `message`, numbered from 1.

    Raises:
        ValueError: More parts than can be counted, or a text that none of the link's alphabets has.
    """
    source, dest = _source(message.sender or profile.sender), Address.of(message.address)
    until = validity(message.valid_until, now)
    return [
        (
            part.number,
            SubmitSm(
                service_type=profile.service_type,
                source_ton=source.ton,
                source_npi=source.npi,
                source=source.digits,
                dest_ton=dest.ton,
                dest_npi=dest.npi,
                dest=dest.digits,
                esm_class=UDHI if part.header else 0,
                validity=until,
                registered_delivery=RECEIPT_WANTED,
                data_coding=profile.data_coding.get(part.coding, part.coding.value),
                short_message=b"" if profile.style.splitting is Splitting.PAYLOAD else part.header + part.data,
                tlvs=_tlvs(part, profile.style.splitting),
            ),
        )
        for part in gsm.split(message.text, reference=message.reference, style=profile.style)
    ]


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


def validity(until: datetime, now: datetime) -> str:
    """Relative validity_period `YYMMDDhhmmss000R` from `now` to `until`; at least a minute (SMPP 3.4, 7.1.1.2)."""
    return _relative(max(60, int((until - now).total_seconds())))


# A link has a few senders, and the messages of one moment end within the same seconds.
_source = lru_cache(maxsize=256)(Address.of)


@lru_cache(maxsize=4096)
def _relative(seconds: int) -> str:
    days, seconds = divmod(seconds, 86_400)
    if days >= VALIDITY_DAYS_MAX:
        days, seconds = VALIDITY_DAYS_MAX, 0
    return f"0000{days:02d}{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}000R"
