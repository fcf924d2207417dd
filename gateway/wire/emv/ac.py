"""Application cryptograms and the issuer's answers to them (EMV Book 2 §8 and annex A1.2). Pure.

The functions here take the key that a cryptogram is made under; `CardKeys` derives it by profile:

| profile | key of the AC | padding | key of the ARPC | method |
| --- | --- | --- | --- | --- |
| CVN10 | MK | 1 | MK | 1 |
| CVN18, CVN22, CPA | CSK | 2 | CSK | 2 |
| M/Chip 10, 11 | from ATC and UN | 2 | MK | 1 |
| M/Chip 14, 15 | CSK | 2 | CSK | 1 |
| house | AES, see `house` | CMAC | the same | CMAC over AC and ARC |
"""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from gateway.errors import BadInput
from gateway.wire.emv import house, keys
from gateway.wire.emv.house import AC_BYTES
from gateway.wire.emv.iad import Cvn

CSU_APPROVED = bytes.fromhex("00820000")
"""Card status update: approved online, and the card's offline counters begin anew (EMV Book 3 annex C10)."""
CSU_DECLINED = bytes(4)
_ARC_APPROVED = (b"00", b"08", b"10", b"11")
_BLOCK = 8


def pad(data: bytes, method: int) -> bytes:
    """ISO/IEC 9797-1 padding to blocks of 8: method 1 (zeros, if any is needed) or 2 (80, then zeros)."""
    assert method in {1, 2}, "padding is by method 1 or 2"
    padded = data + b"\x80" if method == 2 else data
    return padded.ljust(max(1, -(-len(padded) // _BLOCK)) * _BLOCK, b"\0")


def retail_mac(key: bytes, data: bytes, padding: int = 2) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES, 8 bytes, under a double-length key of 16 bytes."""
    whole = keys.triple_des(key)
    padded = pad(data, padding)
    chain = bytes(_BLOCK)
    if len(padded) > _BLOCK:
        # With one key three times 3DES is DES.
        single = Cipher(TripleDES(key[:8] * 3), CBC(chain)).encryptor()
        chain = single.update(padded[:-_BLOCK])[-_BLOCK:]
    return Cipher(whole, CBC(chain)).encryptor().update(padded[-_BLOCK:])


def application_cryptogram(cvn: Cvn, key: bytes, data: bytes) -> bytes:
    """ARQC, TC or AAC, 8 bytes.

    Args:
        cvn: Profile, which decides algorithm and padding.
        key: The session key, 16 bytes; for CVN10 the card's master key.
        data: What it covers (`ac_data`), without padding.
    """
    if cvn is Cvn.HOUSE:
        return house.cmac(key, data)[:AC_BYTES]
    return retail_mac(key, data, 1 if cvn is Cvn.CVN10 else 2)


def verify(cvn: Cvn, key: bytes, data: bytes, ac: bytes) -> bool:
    """Whether `ac` is the cryptogram over `data` under `key`; constant time."""
    return hmac.compare_digest(application_cryptogram(cvn, key, data), ac)


def arpc_1(key: bytes, arqc: bytes, arc: bytes) -> bytes:
    """ARPC by method 1 (§8.2.1), 3DES, 8 bytes; `arc` is the answer code, 2 bytes."""
    return keys.des3_ecb(key, _mixed(arqc, arc))


def arpc_2(key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """ARPC by method 2 (§8.2.2), 3DES, 4 bytes; `csu` has 4 bytes, `proprietary` up to 8."""
    return retail_mac(key, _method_2(arqc, csu, proprietary))[:4]


def arpc_1_aes(key: bytes, arqc: bytes, arc: bytes) -> bytes:
    """ARPC by method 1 with AES, 8 bytes: the block is filled with zeros, its first half is the ARPC."""
    return keys.aes_ecb(key, _mixed(arqc, arc) + bytes(8))[:AC_BYTES]


def arpc_2_aes(key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """ARPC by method 2 with AES-CMAC, 4 bytes."""
    return house.cmac(key, _method_2(arqc, csu, proprietary))[:4]


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The keys of one tap: what its cryptogram is under, and what the answer to it is under. Secret."""

    cvn: Cvn
    ac_key: bytes = field(repr=False)
    arpc_key: bytes = field(repr=False)

    @classmethod
    def derive(
        cls, cvn: Cvn, imk: bytes, pan: str, psn: str, *, atc: bytes, un: bytes = b"", luk_id: bytes = b""
    ) -> "CardKeys":
        """The keys of one tap from the issuer's master key of 16 bytes.

        Args:
            cvn: Profile.
            imk: 3DES; AES for the house profile.
            pan: 12 to 19 digits.
            psn: Two digits.
            atc: 9F36, 2 bytes.
            un: 9F37, 4 bytes, for M/Chip 10 and 11, which without it would be 14 and 15 (`IccData.key_un`).
            luk_id: Four bytes, for the house profile; empty for all others.

        Raises:
            BadInput: `pan` or `psn` are not digits, or a value has another length.
            KeyFault: A key of another length.
        """
        if cvn is Cvn.HOUSE:
            key = keys.session_key_aes(house.limited_use_key(imk, pan, psn, luk_id), atc)
            return cls(cvn, key, key)
        return cls.of_master(cvn, keys.master_key(imk, pan, psn), atc=atc, un=un)

    @classmethod
    def of_master(cls, cvn: Cvn, master: bytes, *, atc: bytes, un: bytes = b"") -> "CardKeys":
        """The same from the card's 3DES master key; for all profiles but the house's."""
        assert cvn is not Cvn.HOUSE, "the house profile's keys are AES"
        if cvn is Cvn.CVN10:
            return cls(cvn, master, master)
        if cvn is Cvn.MCHIP and un:
            return cls(cvn, keys.session_key_mchip(master, atc, un), master)
        session = keys.session_key_csk(master, atc)
        return cls(cvn, session, session)

    def cryptogram(self, data: bytes) -> bytes:
        """The AC over `data`, 8 bytes."""
        return application_cryptogram(self.cvn, self.ac_key, data)

    def verify(self, data: bytes, ac: bytes) -> bool:
        """Whether `ac` is the AC over `data`; constant time."""
        return verify(self.cvn, self.ac_key, data, ac)

    def answer(self, ac: bytes, arc: bytes) -> bytes:
        """Issuer authentication data, tag 91's value, for the answer code `arc` (2 bytes, as DE39).

        Method 1: ARPC and ARC, 10 bytes. Method 2: ARPC and card status update, 8 bytes. House: ARPC, 8 bytes.
        """
        match self.cvn:
            case Cvn.HOUSE:
                return house.cmac(self.arpc_key, ac + arc)[:AC_BYTES]
            case Cvn.CVN10 | Cvn.MCHIP:
                return arpc_1(self.arpc_key, ac, arc) + arc
            case Cvn.CVN18 | Cvn.CVN22 | Cvn.CPA:
                csu = CSU_APPROVED if arc in _ARC_APPROVED else CSU_DECLINED
                return arpc_2(self.arpc_key, ac, csu) + csu


def _mixed(arqc: bytes, arc: bytes) -> bytes:
    if len(arqc) != AC_BYTES or len(arc) != 2:
        raise BadInput("an ARQC has 8 bytes, an answer code two")
    return bytes([arqc[0] ^ arc[0], arqc[1] ^ arc[1]]) + arqc[2:]


def _method_2(arqc: bytes, csu: bytes, proprietary: bytes) -> bytes:
    if len(arqc) != AC_BYTES or len(csu) != 4 or len(proprietary) > 8:
        raise BadInput("an ARQC has 8 bytes, a card status update 4, proprietary data up to 8")
    return arqc + csu + proprietary
