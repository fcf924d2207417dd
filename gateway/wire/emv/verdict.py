"""DE55 and an issuer's master key in, a verdict with its reasons out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import BadInput
from gateway.wire.emv.ac import CardKeys
from gateway.wire.emv.iad import Cvn
from gateway.wire.emv.icc import AID, CID_ARQC, VERIFIED_TAGS, IccData, ac_data, parse_icc


class AcReason(StrEnum):
    """Why a cryptogram is not good."""

    MALFORMED = "malformed"
    """DE55 cannot be read, or 9F10 is of no known profile; `AcVerdict.detail` says what is wrong."""
    UNKNOWN_KEY = "unknown_key"
    """There is no master key of the derivation index that 9F10 names."""
    WRONG_KIND = "wrong_kind"
    """9F27 is not exactly the kind that was asked for, or not what the card signed; of M/Chip that is not read."""
    WRONG_SEQUENCE = "wrong_sequence"
    """5F34 is not the PAN sequence number."""
    WRONG_APPLICATION = "wrong_application"
    """84 is not the application that was asked for; for the house profile not the house's."""
    WRONG_CRYPTOGRAM = "wrong_cryptogram"


@dataclass(frozen=True, slots=True)
class AcVerdict:
    """Whether a cryptogram is good, by which profile, and if not, every reason why.

    `icc` is what was read, None when nothing could be; `detail` is safe to log.
    """

    good: bool
    cvn: Cvn | None
    reasons: tuple[AcReason, ...]
    icc: IccData | None = None
    detail: str = ""


def verify_de55(
    de55: bytes, pan: str, psn: str, imk: bytes | Mapping[int, bytes], *, kind: int = CID_ARQC, aid: bytes | None = None
) -> AcVerdict:
    """Whether the cryptogram in DE55 is this card's over this DE55.

    Key derivation, the part of 9F10, padding and algorithm are what the cryptogram version inside 9F10 says.

    Args:
        de55: Data objects one after the other; at least VERIFIED_TAGS.
        pan: 1 to 19 digits.
        psn: PAN sequence number, two digits.
        imk: The issuer's master key, 16 bytes (3DES; AES for the house profile), or one for each derivation index.
        kind: CID_ARQC for a request, CID_TC for the advice of an offline approval.
        aid: What 84 must be; None takes any. The house profile has its own.

    Raises:
        BadInput: `pan` or `psn` are not digits. A bad DE55 never raises.
        KeyFault: A master key has another length.
    """
    try:
        icc = parse_icc(de55, VERIFIED_TAGS)
    except BadInput as problem:
        return AcVerdict(good=False, cvn=None, reasons=(AcReason.MALFORMED,), detail=str(problem))
    iad = icc.iad
    key = imk if isinstance(imk, bytes) else imk.get(iad.dki)
    if key is None:
        return AcVerdict(good=False, cvn=iad.cvn, reasons=(AcReason.UNKNOWN_KEY,), icc=icc)
    keys = CardKeys.derive(iad.cvn, key, pan, psn, atc=icc.values["9F36"], un=icc.key_un, luk_id=iad.luk_id)
    reasons = [*_contradictions(icc, psn, kind, aid)]
    if not keys.verify(ac_data(icc), icc.cryptogram):
        reasons.append(AcReason.WRONG_CRYPTOGRAM)
    return AcVerdict(not reasons, iad.cvn, tuple(reasons), icc)


def _contradictions(icc: IccData, psn: str, kind: int, aid: bytes | None) -> list[AcReason]:
    """What the cryptogram does not cover, and is known all the same."""
    values, house = icc.values, icc.iad.cvn is Cvn.HOUSE
    found = []
    # M/Chip cards are about whose results say nothing of the kind.
    signed = kind if icc.iad.cvn is Cvn.MCHIP else icc.iad.kind
    if values["9F27"] != bytes([kind]) or signed != kind:
        found.append(AcReason.WRONG_KIND)
    # A card without a sequence number counts as any; those of the house have one.
    if values.get("5F34", b"" if house else bytes.fromhex(psn)).hex() != psn:
        found.append(AcReason.WRONG_SEQUENCE)
    wanted = AID if house else aid
    if wanted is not None and values.get("84") != wanted:
        found.append(AcReason.WRONG_APPLICATION)
    return found
