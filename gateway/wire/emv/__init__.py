"""EMV values of a tap: tags, DOL filling, DE55, keys, cryptograms and the issuer's answers. Bytes in, bytes out.

Pure. A PAN is a string of digits, its sequence number (PSN) one of two, a key 16 bytes, an ATC the 2 bytes of 9F36
(for `house` and in `keys.Card` it is their number).

Verify what a terminal sent, by the profile that the cryptogram version inside 9F10 names:

    verdict = verify_de55(de55, pan="1234567890123456", psn="00", imk=issuer_master_key)
    verdict.good, verdict.cvn, verdict.reasons      # True, Cvn.CVN18, ()

Read it, and do the same step by step, as a key store does:

    icc = parse_icc(de55, VERIFIED_TAGS)            # BadInput when it is not one
    icc.amount_minor, icc.atc, icc.iad.cvn, icc.iad.dki, icc.iad.kind, icc.tvr, icc.cvm, icc.ttq, icc.ctq
    keys = CardKeys.derive(icc.iad.cvn, imk, pan, psn, atc=icc.values["9F36"], un=icc.key_un, luk_id=icc.iad.luk_id)
    keys.verify(ac_data(icc), icc.cryptogram)       # constant time
    keys.answer(icc.cryptogram, b"00")              # tag 91's value

Or with the mathematics alone:

    mk = master_key(imk, pan, psn)                  # option A to 16 digits, B above; master_key_a, _b, master_key_aes
    sk = session_key_csk(mk, atc)                   # session_key_mchip(mk, atc, un), session_key(mk, r), _aes
    application_cryptogram(Cvn.CVN18, sk, data)     # CVN10 takes the master key; retail_mac(key, data, padding)
    arpc_1(mk, arqc, b"00"), arpc_2(sk, arqc, csu, proprietary=b"")   # arpc_1_aes, arpc_2_aes
    fill_dol(parse_dol(pdol), {"9F02": amount})     # values by tag; the rest is zeros

Sources: EMV Book 2 §8 and annex A1 (keys, cryptograms), Book 3 §5.4 (DOL) and annexes A and C; for the schemes'
profiles public issuers' guides, modelled; the AES house profile is ours (`house`).
"""

from gateway.wire.emv.ac import (
    CSU_APPROVED,
    CSU_DECLINED,
    CardKeys,
    application_cryptogram,
    arpc_1,
    arpc_1_aes,
    arpc_2,
    arpc_2_aes,
    retail_mac,
    verify,
)
from gateway.wire.emv.dol import DolItem, fill_dol, parse_dol
from gateway.wire.emv.iad import IAD_BYTES, Cvn, CvrFlags, Iad
from gateway.wire.emv.icc import (
    AC_TAGS,
    AID,
    CID_AAC,
    CID_ARQC,
    CID_TC,
    REQUEST_TAGS,
    VERIFIED_TAGS,
    IccData,
    ac_data,
    parse_icc,
)
from gateway.wire.emv.keys import (
    master_key,
    master_key_a,
    master_key_aes,
    master_key_b,
    odd_parity,
    session_key,
    session_key_aes,
    session_key_csk,
    session_key_mchip,
)
from gateway.wire.emv.tags import TAGS, Form, Tag, luhn_digit
from gateway.wire.emv.tvr import CardQualifiers, CvmMethod, CvmOutcome, CvmResults, TerminalQualifiers, Tvr
from gateway.wire.emv.verdict import AcReason, AcVerdict, verify_de55

__all__ = [
    "AC_TAGS",
    "AID",
    "CID_AAC",
    "CID_ARQC",
    "CID_TC",
    "CSU_APPROVED",
    "CSU_DECLINED",
    "IAD_BYTES",
    "REQUEST_TAGS",
    "TAGS",
    "VERIFIED_TAGS",
    "AcReason",
    "AcVerdict",
    "CardKeys",
    "CardQualifiers",
    "CvmMethod",
    "CvmOutcome",
    "CvmResults",
    "Cvn",
    "CvrFlags",
    "DolItem",
    "Form",
    "Iad",
    "IccData",
    "Tag",
    "TerminalQualifiers",
    "Tvr",
    "ac_data",
    "application_cryptogram",
    "arpc_1",
    "arpc_1_aes",
    "arpc_2",
    "arpc_2_aes",
    "fill_dol",
    "luhn_digit",
    "master_key",
    "master_key_a",
    "master_key_aes",
    "master_key_b",
    "odd_parity",
    "parse_dol",
    "parse_icc",
    "retail_mac",
    "session_key",
    "session_key_aes",
    "session_key_csk",
    "session_key_mchip",
    "verify",
    "verify_de55",
]
