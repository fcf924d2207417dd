"""A SoftHSM for the tests: one folder of tokens a process, a token of its own for whoever asks."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "481516"
_SO_PIN = "23421516"
_numbers = itertools.count(1)


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
