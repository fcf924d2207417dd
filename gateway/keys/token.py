"""A PKCS#11 token as the keys' place: sessions, and what is asked of the module. Blocks; one thread at a time.

Keys are called `ref/version`, cannot be read out and never leave. What the module computes itself:

- HMAC (SHA256_HMAC), sealing (AES_GCM; the nonce is ours), signatures (EDDSA).
- The AES house profile, with AES_ECB_ENCRYPT_DATA as the only derivation: MK = AES(IMK)[block] and SK = AES(LUK)[block]
  are just that. LUK = CMAC(MK)["LUK" ‖ id] is one block too: CMAC of a part of a block is AES(MK)[padded block ⊕ K2],
  and K2 follows from AES(MK)[0], which says nothing of MK. A terminal's key is made in the same way. Keys derived are
  objects of the session; those that come again, a LUK and a terminal's key, are kept for a while.
- 3DES profiles: the token enciphers the card's block under the IMK, which stays inside; the card's master key is that
  answer, so it is in this process's memory while a cryptogram is checked. A module without the schemes' own commands
  can do no other: PKCS#11 has neither retail MAC nor this derivation for python-pkcs11 to ask for.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass

from gateway.errors import KeyFault
from gateway.keys.handles import BLOCK_BYTES, INSIDE, Key, cmac_key, passing
from gateway.keys.refs import REFS, KeyUse, kind_of, label_of, read_label
from gateway.keys.worker import PinRefused, TokenLost

NONCE_BYTES = 12
TAG_BYTES = 16
KEPT_MAX = 128
"""Derived keys kept in the session; with many, SoftHSM gets slower at everything."""
_ED25519 = bytes.fromhex("06032b6570")
"""CKA_EC_PARAMS: the object identifier of Ed25519 (RFC 8410)."""
_POINT_BYTES = 32
_PIN_REFUSED = (
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinExpired,
    pkcs11.PinLocked,
    pkcs11.exceptions.UserPinNotInitialized,
)
_WRONG_TAG = (
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.DataInvalid,
    pkcs11.DataLenRange,
    pkcs11.GeneralError,
    pkcs11.FunctionFailed,
)
_CAN: Mapping[KeyUse, MechanismFlag] = {
    KeyUse.MAC: MechanismFlag.SIGN,
    KeyUse.SEAL: MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT | MechanismFlag.SIGN,
    KeyUse.HOUSE_MASTER: MechanismFlag.DERIVE | MechanismFlag.SIGN,
    KeyUse.EMV_MASTER: MechanismFlag.ENCRYPT,
    KeyUse.TERMINALS: MechanismFlag.DERIVE | MechanismFlag.SIGN | MechanismFlag.ENCRYPT,
    KeyUse.SIGN: MechanismFlag.SIGN,
}
"""SIGN on keys that sign nothing is for their check value."""

_SECRETS: Mapping[KeyUse, tuple[KeyType, Mechanism]] = {
    KeyUse.MAC: (KeyType.GENERIC_SECRET, Mechanism.GENERIC_SECRET_KEY_GEN),
    KeyUse.EMV_MASTER: (KeyType.DES2, Mechanism.DES2_KEY_GEN),
}
"""How secret keys are made that are not AES."""


@dataclass(frozen=True, slots=True)
class TokenDoor:
    """Where the token is: the module's path, the token's label, the user's PIN."""

    module: str
    label: str
    pin: str = field(repr=False)


class Token:
    """A session with a token, logged in, and the handles of its keys."""

    def __init__(self, session: pkcs11.Session) -> None:
        self._session = session
        self._kept: OrderedDict[tuple[object, ...], Key] = OrderedDict()
        self._keys: dict[str, dict[int, Key]] = {}
        self.look()

    @classmethod
    def connect(cls, door: TokenDoor, *, whole: bool = True) -> "Token":
        """Log in.

        Raises:
            KeyFault: No such module, a refused PIN, keys that could leave; with `whole` also keys that are missing.
            TokenLost: The token is not there.
        """
        module = _loaded(door.module)
        try:
            return cls._opened(module, door, whole=whole)
        except TokenLost:
            # A token that was taken out and put back is often seen by a module only when it begins anew.
            with _translated():
                module.reinitialize()
            return cls._opened(module, door, whole=whole)

    @classmethod
    def _opened(cls, module: Any, door: TokenDoor, *, whole: bool) -> "Token":  # noqa: ANN401 - see _loaded
        with _translated():
            token = cls(_session(module.get_token(token_label=door.label), door))
        if whole and (missing := token.missing()):
            token.close()
            raise KeyFault(f"the token has no {', '.join(missing)}; `tapdial keys init` makes what is missing")
        return token

    def close(self) -> None:
        """Log out; what is lost already is let go of."""
        with suppress(pkcs11.PKCS11Error):
            self._session.close()

    def look(self) -> None:
        """See which keys there are.

        Raises:
            KeyFault: A key could leave the token, or two have one name.
        """
        with _translated():
            found = self._found()
        self._keys = {ref: dict(sorted(versions.items())) for ref, versions in found.items()}

    def _found(self) -> dict[str, dict[int, Key]]:
        found: dict[str, dict[int, Key]] = {}
        for class_ in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY):
            for one in list(self._session.get_objects({Attribute.CLASS: class_, Attribute.TOKEN: True})):
                key = cast("Key", one)
                named = read_label(key[Attribute.LABEL])
                if named is None:
                    continue
                ref, version = named
                if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                    raise KeyFault(f"key {label_of(ref, version)} can leave the token")
                if version in found.setdefault(ref, {}):
                    raise KeyFault(f"the token has two keys {label_of(ref, version)}")
                found[ref][version] = key
        return found

    def missing(self) -> list[str]:
        """Refs without a key."""
        return [ref for ref in REFS if ref not in self._keys]

    def versions(self, ref: str) -> list[int]:
        """The versions that were seen, oldest first."""
        return list(self._versions(ref))

    def has(self, ref: str, version: int) -> bool:
        """Whether the version was seen."""
        return version in self._versions(ref)

    def make(self, ref: str, version: int) -> None:
        """Make a key inside.

        Raises:
            KeyFault: Another process was first: its key counts, and ours is taken away.
        """
        kind, label = kind_of(ref), label_of(ref, version)
        with _translated():
            made = _made(self._session, label, kind.use, kind.length * 8)
            try:
                self.look()
            except KeyFault:
                for one in made:
                    one.destroy()
                self.look()
                raise KeyFault(f"{label} was made by another at the same moment; see `tapdial keys status`") from None

    def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256."""
        with _translated():
            return self._newest(ref, KeyUse.MAC).sign(data, mechanism=Mechanism.SHA256_HMAC)

    def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """Nonce, ciphertext, tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        with _translated():
            return nonce + _enciphered(self._newest(ref, KeyUse.SEAL), nonce, plain, aad)

    def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes | None:
        """What was sealed with any version; None if none fits."""
        kind_of(ref, KeyUse.SEAL)
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            return None
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        keys = list(self._versions(ref).values())[::-1]
        with _translated():
            for key in keys:
                with suppress(*_WRONG_TAG):
                    return key.decrypt(
                        text, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad, TAG_BYTES * 8)
                    )
            # SoftHSM calls a wrong tag a general error, as it does a lost token: one that still seals is not lost.
            _enciphered(keys[0], secrets.token_bytes(NONCE_BYTES), b"", b"")
        return None

    def kcv(self, ref: str, version: int | None) -> bytes:
        """What its check value is the beginning of."""
        versions = self._versions(ref)
        key = versions[max(versions) if version is None else version]
        with _translated():
            match REFS[ref].use:
                case KeyUse.MAC:
                    return key.sign(bytes(BLOCK_BYTES), mechanism=Mechanism.SHA256_HMAC)
                case KeyUse.EMV_MASTER:
                    return key.encrypt(bytes(8), mechanism=Mechanism.DES3_ECB)
                case KeyUse.SIGN:
                    return sha256(self.public_key(ref)).digest()
                case KeyUse.SEAL | KeyUse.HOUSE_MASTER | KeyUse.TERMINALS:
                    return key.sign(bytes(BLOCK_BYTES), mechanism=Mechanism.AES_CMAC)

    def luk_bytes(self, ref: str, dki: int, card_block: bytes, luk_id: bytes) -> bytes:
        """The limited-use key that goes to the phone."""
        kind_of(ref, KeyUse.HOUSE_MASTER)
        with _translated(), passing(self._versions(ref)[dki], card_block, MechanismFlag.SIGN) as master:
            return master.sign(b"LUK" + luk_id, mechanism=Mechanism.AES_CMAC)

    def house_mac(
        self, ref: str, dki: int, card_block: bytes, luk_id: bytes, *, tap_block: bytes, data: bytes
    ) -> bytes:
        """CMAC of `data` under the session key of a tap, 16 bytes."""

        def made() -> Key:
            can = MechanismFlag.DERIVE | MechanismFlag.ENCRYPT
            with passing(self._versions(ref)[dki], card_block, can) as master:
                return cmac_key(master, b"LUK" + luk_id, MechanismFlag.DERIVE)

        with _translated():
            luk = self._derived((ref, dki, card_block, luk_id), made)
            with passing(luk, tap_block, MechanismFlag.SIGN) as session_key:
                return session_key.sign(data, mechanism=Mechanism.AES_CMAC)

    def emv_block(self, ref: str, dki: int, block: bytes) -> bytes:
        """`block`, 16 bytes, under the 3DES issuer master key: a card's master key before its parity is set."""
        kind_of(ref, KeyUse.EMV_MASTER)
        with _translated():
            return self._versions(ref)[dki].encrypt(block, mechanism=Mechanism.DES3_ECB)

    def terminal_mac(self, ref: str, name: bytes, data: bytes) -> bytes:
        """CMAC under a terminal's key, 16 bytes."""
        parent = self._newest(ref, KeyUse.TERMINALS)
        with _translated():
            key = self._derived((ref, name), lambda: cmac_key(parent, name, MechanismFlag.SIGN))
            return key.sign(data, mechanism=Mechanism.AES_CMAC)

    def terminal_bytes(self, ref: str, name: bytes) -> bytes:
        """The terminal's key that goes to the terminal."""
        with _translated():
            return self._newest(ref, KeyUse.TERMINALS).sign(name, mechanism=Mechanism.AES_CMAC)

    def sign(self, ref: str, data: bytes) -> bytes:
        """Ed25519 signature."""
        with _translated():
            return self._newest(ref, KeyUse.SIGN).sign(data, mechanism=Mechanism.EDDSA)

    def public_key(self, ref: str) -> bytes:
        """The point alone, without the wrapping that modules put around it."""
        kind_of(ref, KeyUse.SIGN)
        label = label_of(ref, max(self._versions(ref)))
        with _translated():
            public = self._session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
            return bytes(public[Attribute.EC_POINT])[-_POINT_BYTES:]

    def _versions(self, ref: str) -> Mapping[int, Key]:
        kind_of(ref)
        if ref not in self._keys:
            # At the login it was there.
            raise TokenLost(f"no key {ref}")
        return self._keys[ref]

    def _newest(self, ref: str, use: KeyUse) -> Key:
        kind_of(ref, use)
        return list(self._versions(ref).values())[-1]

    def _derived(self, name: tuple[object, ...], make: Callable[[], Key]) -> Key:
        key = self._kept.get(name)
        if key is None:
            key = self._kept[name] = make()
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)[1].destroy()
        self._kept.move_to_end(name)
        return key


def _loaded(path: str) -> Any:  # noqa: ANN401 - python-pkcs11 has no public name for the type
    try:
        return pkcs11.lib(path)
    except pkcs11.PKCS11Error as problem:
        # A module that begins while its token is away says so by a code; one that is no module, by a text.
        if type(problem) is not pkcs11.PKCS11Error:
            raise TokenLost(type(problem).__name__) from problem
        raise KeyFault(f"{path} is no PKCS#11 module that can be loaded") from problem


def _session(token: pkcs11.Token, door: TokenDoor) -> pkcs11.Session:
    try:
        return token.open(rw=True, user_pin=door.pin)
    except pkcs11.UserAlreadyLoggedIn:
        # A login is the process's, and another session of it stands.
        return token.open(rw=True)
    except _PIN_REFUSED as refused:
        raise PinRefused(f"the token {door.label} refuses the PIN ({type(refused).__name__})") from refused


def _made(session: pkcs11.Session, label: str, use: KeyUse, bits: int) -> list[Key]:
    if use is KeyUse.SIGN:
        domain = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _ED25519}, local=True)
        pair = domain.generate_keypair(
            label=label, store=True, mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, private_template=dict(INSIDE)
        )
        return [cast("Key", one) for one in pair]
    kind, mechanism = _SECRETS.get(use, (KeyType.AES, Mechanism.AES_KEY_GEN))
    made = session.generate_key(
        kind,
        # The length of a 3DES key is not for us to say.
        None if kind is KeyType.DES2 else bits,
        label=label,
        store=True,
        capabilities=_CAN[use],
        mechanism=mechanism,
        template=dict(INSIDE),
    )
    return [cast("Key", made)]


def _enciphered(key: Key, nonce: bytes, plain: bytes, aad: bytes) -> bytes:
    return key.encrypt(plain, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad, TAG_BYTES * 8))


@contextmanager
def _translated() -> Iterator[None]:
    """Codes of the module that nothing else stands for mean that the session is of no use any more."""
    try:
        yield
    except pkcs11.PKCS11Error as problem:
        raise TokenLost(type(problem).__name__) from problem
