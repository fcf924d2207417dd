"""EMV values of a tap: tags, DOL filling, DE55, and cryptograms. Pure.

Sources: EMV Book 3 §5.4 (DOL), annex A (tags); the AES house profile is ours (`house`).
"""

from gateway.wire.emv.dol import DolItem, fill_dol, parse_dol
from gateway.wire.emv.iad import IAD_BYTES, Cvn, Iad
from gateway.wire.emv.icc import AC_TAGS, AID, CID_ARQC, REQUEST_TAGS, IccData, ac_data, parse_icc
from gateway.wire.emv.tags import TAGS, Form, Tag, luhn_digit

__all__ = [
    "AC_TAGS",
    "AID",
    "CID_ARQC",
    "IAD_BYTES",
    "REQUEST_TAGS",
    "TAGS",
    "Cvn",
    "DolItem",
    "Form",
    "Iad",
    "IccData",
    "Tag",
    "ac_data",
    "fill_dol",
    "luhn_digit",
    "parse_dol",
    "parse_icc",
]
