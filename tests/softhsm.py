"""A SoftHSM for the tests: one folder of tokens a process, a token of its own for whoever asks."""

import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from pkcs11 import Attribute, KeyType, ObjectClass

from gateway.keys import REFS, KeyUse

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "481516"
_SO_PIN = "23421516"
_numbers = itertools.count(1)
_KINDS: Mapping[KeyUse, tuple[KeyType, tuple[Attribute, ...]]] = {
    KeyUse.MAC: (KeyType.GENERIC_SECRET, (Attribute.SIGN,)),
    KeyUse.SEAL: (KeyType.AES, (Attribute.ENCRYPT, Attribute.DECRYPT, Attribute.SIGN)),
    KeyUse.HOUSE_MASTER: (KeyType.AES, (Attribute.DERIVE, Attribute.SIGN)),
    KeyUse.EMV_MASTER: (KeyType.DES2, (Attribute.ENCRYPT,)),
    KeyUse.TERMINALS: (KeyType.AES, (Attribute.DERIVE, Attribute.SIGN, Attribute.ENCRYPT)),
}


@dataclass(frozen=True)
class Tokens:
    """Where this process's tokens are. The module reads its configuration once a process."""

    folder: Path

    def make(self) -> str:
        """A fresh token without keys; its label."""
        label = f"house-{os.getpid()}-{next(_numbers)}"
        words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", _SO_PIN]
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
        return label

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """The tokens are gone while this lasts."""
        away = self.folder.with_name("away")
        self.folder.rename(away)
        try:
            yield
        finally:
            away.rename(self.folder)


def tokens(folder: Path) -> Tokens:
    """Tokens in `folder`, for this process and those that it starts."""
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    return Tokens(folder / "tokens")


def put(label: str, keys: Mapping[str, bytes], more: Mapping[Attribute, bool] | None = None, *, kind: str = "") -> None:
    """Put known keys into a token, as a house would that brings its own: `imk/1` and so on, or all of one kind."""
    module = pkcs11.lib(MODULE)
    # A token that was made by another process is seen by a module that begins anew.
    module.reinitialize()
    session = module.get_token(token_label=label).open(rw=True, user_pin=PIN)
    try:
        for name, value in keys.items():
            type_, can = _KINDS[REFS[kind or name.partition("/")[0]].use]
            session.create_object({
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: type_,
                Attribute.LABEL: name,
                Attribute.VALUE: value,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                **dict.fromkeys(can, True),
                **(more or {}),
            })  # fmt: skip
    finally:
        session.close()
