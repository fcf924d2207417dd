"""What a phone keeps over a restart: its keys, its token, and the cryptograms that it made.

Two files: the whole memory, replaced in one step when a key comes; and beside it (`.jsonl`) a line for each command
that spent a counter, so that a tap waits for the disk once. A line has a number; those that the memory holds already
are skipped, and a last one that a kill tore is of an answer that never left.
"""

import json
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from simulators import emv_card, files
from simulators.nfc.device import DeviceKey, KeyKind
from simulators.nfc.sealed import NewKey
from simulators.nfc.token import COUNTERS, USED_MAX, Profile, Token, Used, token_from, token_to

KEYS_MAX = 3
"""Limited-use keys that are remembered: the one in use, and those that an answer under way may be bound to."""

LINES_MAX = 500
"""After so many the memory is written whole."""


class Wallet:
    """The memory of one phone, written to `file` (mode 0600) by `flush`; without one it lives with the process."""

    def __init__(self, file: Path | None, kind: KeyKind = KeyKind.ED25519) -> None:
        self._file = file
        self._lines = file.with_suffix(".jsonl") if file is not None else None
        self._token: Token | None = None
        self._whole = True
        self._spent = False
        self._made: list[Used] = []
        self._number = 0
        self.number = ""
        self.device_key = DeviceKey.fresh(kind)
        self.seal_key = X25519PrivateKey.generate()
        self.keys: dict[str, str] = {}
        self.log: deque[Used] = deque(maxlen=USED_MAX)
        if file is not None and file.exists():
            self._read(file)

    @property
    def token(self) -> Token | None:
        """The token; setting it is kept by the next `flush`."""
        return self._token

    @token.setter
    def token(self, token: Token | None) -> None:
        before, self._token = self._token, token
        counters = {name: getattr(token, name) for name in COUNTERS} if token is not None else {}
        self._spent = True
        self._whole |= before is None or replace(before, **counters) != token
        if token is not None and self.keys.get(token.luk_id) != token.luk:
            self._remember(token.luk_id, token.luk)

    def used(self, one: Used) -> None:
        """A cryptogram was made."""
        self.log.append(one)
        self._made.append(one)
        self._spent = True

    def begin(self, token: Token, number: str) -> None:
        """A provisioned token takes the place of the one that was here."""
        self.keys.clear()
        self.log.clear()
        self.number = number
        self.token = token
        self.flush()

    def take(self, key: NewKey) -> bool:
        """A new key: the next tap is made with it. False when there is no token, or the key is here already."""
        token = self._token
        if token is None or key.luk_id in self.keys:
            return False
        self._remember(key.luk_id, key.luk)
        changed = replace(
            token.heard_of_the_issuer(),
            luk_id=key.luk_id,
            luk=key.luk,
            uses_max=key.uses_max,
            uses=0,
            amount_max_minor=key.amount_max_minor,
            spent_minor=0,
            valid_until=key.valid_until,
            channels=key.channels,
            dki=token.dki if key.dki is None else key.dki,
        )
        self.token = changed
        self.flush()
        return True

    def renew_seal_key(self, fresh: X25519PrivateKey) -> None:
        """Keys are sealed to another key from now on."""
        self.seal_key = fresh
        self._spent = self._whole = True
        self.flush()

    def link(self, par: str) -> None:
        """The account behind the token, by its payment account reference."""
        if self._token is not None and self._token.par != par:
            self.token = replace(self._token, par=par)
            self.flush()

    def proof(self) -> tuple[str, int, str, bytes]:
        """LUK id, ATC and cryptogram of the last one made (of none: the key's id, 0 and ''), and the proof, 8 bytes.

        The proof is a cryptogram over what no tap ever signs, under the session key of that ATC.
        """
        token = self._token
        if token is None or token.profile is not Profile.HOUSE:
            raise ValueError("no token whose keys are replenished")
        last = self.log[-1] if self.log else None
        luk_id, atc, ac = (last.luk_id, last.atc, last.ac) if last else (token.luk_id, 0, "")
        data = b"TDLUK" + self.number.encode("ascii") + bytes.fromhex(luk_id) + atc.to_bytes(2)
        return luk_id, atc, ac, emv_card.mac8(emv_card.session_key(bytes.fromhex(self.keys[luk_id]), atc), data)

    def flush(self) -> None:
        """Keep what was changed; it is on the disk when this returns."""
        if not self._spent:
            return
        if self._file is not None and self._lines is not None:
            whole = self._whole or self._number % LINES_MAX == 0
            # A write that fails may leave half a line: the next one is whole.
            self._whole = True
            if whole:
                files.write_private(self._file, json.dumps(self._plain()), durable=True)
                files.write_private(self._lines, "", durable=True)
            else:
                files.append_private(self._lines, json.dumps(self._line()), durable=True)
        self._number += 1
        self._made.clear()
        self._spent = self._whole = False

    def _remember(self, luk_id: str, luk: str) -> None:
        self.keys[luk_id] = luk
        # The key of the last cryptogram proves the next request: it stays as long as it may be asked for.
        needed = {self.log[-1].luk_id} if self.log else set()
        for old in [one for one in self.keys if one not in needed][: max(0, len(self.keys) - KEYS_MAX)]:
            del self.keys[old]

    def _plain(self) -> dict[str, Any]:
        return {
            "number_of_line": self._number,
            "device_key": self.device_key.text,
            "seal_key": self.seal_key.private_bytes_raw().hex(),
            "number": self.number,
            "token": token_to(self._token) if self._token is not None else None,
            "keys": self.keys,
            "used": [_row(one) for one in self.log],
        }

    def _line(self) -> dict[str, Any]:
        counters = {name: getattr(self._token, name) for name in COUNTERS}
        return {"n": self._number, "counters": counters, "used": [_row(one) for one in self._made]}

    def _read(self, file: Path) -> None:
        kept = json.loads(file.read_text("utf-8"))
        self.device_key = DeviceKey.kept(kept["device_key"])
        if "seal_key" in kept:
            self.seal_key = X25519PrivateKey.from_private_bytes(bytes.fromhex(kept["seal_key"]))
        self.number = kept.get("number", "")
        self.keys = dict(kept.get("keys", {}))
        self.log.extend(Used(*one) for one in kept.get("used", ()))
        self._number = kept.get("number_of_line", 0) + 1
        self.token = token_from(kept["token"]) if kept["token"] is not None else None
        if self._lines is not None and self._lines.exists():
            self._replay(self._lines)
        # What comes next is written whole: behind a torn line no other may stand.
        self._spent, self._whole = False, True

    def _replay(self, lines: Path) -> None:
        for text in lines.read_text("utf-8").splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                return
            if line["n"] >= self._number and self._token is not None:
                self._token = replace(self._token, **line["counters"])
                self.log.extend(Used(*one) for one in line["used"])
                self._number = line["n"] + 1


def _row(one: Used) -> list[Any]:
    return [one.luk_id, one.atc, one.ac, one.cid, one.amount_minor, one.at]
