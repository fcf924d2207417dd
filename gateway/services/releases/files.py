"""The files of a version: bounded, packed for the store, and proved before anybody meets them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import ussd_menus
from gateway.errors import BadInput
from ussd_menus import Finding, FrozenMenus, Menus, MenusFault, Profile

FILES_MAX = 200
BYTES_MAX = 2_000_000
"""Of all files together; the shipped ones take a fiftieth of it."""
VOCABULARY = "menus/actions.toml"


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder with `menus/` and `texts/`.

    Raises:
        BadInput: There are too many, or they are too large; nothing of them was read.
    """
    sizes = [path.stat().st_size for part in ("menus", "texts") for path in (folder / part).glob("**/*.toml")]
    if len(sizes) > FILES_MAX or sum(sizes) > BYTES_MAX:
        raise BadInput(f"menus are at most {FILES_MAX} files of {BYTES_MAX} bytes together")
    return ussd_menus.files_of(folder)


def packed(files: Mapping[str, bytes]) -> bytes:
    """One value for the store: JSON of paths and texts in order of the paths.

    Raises:
        BadInput: Too many or too large, or one is not UTF-8.
    """
    if len(files) > FILES_MAX or sum(map(len, files.values())) > BYTES_MAX:
        raise BadInput(f"menus are at most {FILES_MAX} files of {BYTES_MAX} bytes together")
    try:
        texts = {path: content.decode() for path, content in sorted(files.items())}
    except UnicodeDecodeError as problem:
        raise BadInput("a file of the menus is not UTF-8") from problem
    return json.dumps(texts, ensure_ascii=False).encode()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files that were packed."""
    return {path: text.encode() for path, text in json.loads(content).items()}


class Proof:
    """What this build can serve: pages of `profile`, the actions that its channel has, each declared as shipped."""

    def __init__(self, profile: Profile, actions: Collection[str]) -> None:
        self._profile = profile
        self._actions = frozenset(actions)

    @cached_property
    def shipped(self) -> Menus:
        """The menus that the build came with; read at the first use, since most commands need none."""
        return ussd_menus.load()

    def frozen(self, files: Mapping[str, bytes]) -> FrozenMenus:
        """The menus, ready to be served; takes a tenth of a second and more, so never in the loop.

        Raises:
            MenusFault: They are not well formed, not sound, or ask for what this build does not have.
        """
        menus = ussd_menus.load_files(files)
        if findings := self._strange(menus):
            raise MenusFault(findings)
        return ussd_menus.freeze(menus, self._profile)

    def _strange(self, menus: Menus) -> list[Finding]:
        """Actions and words that this build does not have, or not as these menus declare them."""
        findings: list[Finding] = []
        for name, action in menus.actions.items():
            ours = self.shipped.actions.get(name)
            if name not in self._actions or ours is None:
                findings.append(_finding(action.line, f"this build has no action {name}; leave it out"))
            elif replace(action, line=0) != replace(ours, line=0):
                findings.append(_finding(action.line, f"this build has another {name}; declare it as shipped"))
        for name, word in menus.words.items():
            ours_word = self.shipped.words.get(name)
            # The whole declaration: a longer one would not fit our answers, one less sensitive would keep a code.
            if ours_word is not None and word != ours_word:
                findings.append(_finding(1, f"this build has another word {name}; declare it as shipped"))
        return findings


def _finding(line: int, fix: str) -> Finding:
    return Finding(VOCABULARY, line, "", "", "action-unknown", fix)
