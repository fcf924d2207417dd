"""TOML files to Menus.

`menus/house.toml` holds what is true of all menus, `menus/actions.toml` the actions and the vocabulary, any other file
of `menus/` one dialogue, each file of `texts/` one language.
"""

from hashlib import sha256
from pathlib import Path

from ussd_menus.model import Finding, MenusFault
from ussd_menus.reader import DialogueReader, read_action, read_house, read_tongue, read_word
from ussd_menus.screens import Action, AnyScreen, Menus, Tongue, Word
from ussd_menus.tables import Source, Table, read

FOLDER = Path(__file__).parent
SPECIAL = ("house", "actions")


def load(folder: Path | None = None) -> Menus:
    """Read `menus/*.toml` and `texts/*.toml` of `folder` (the shipped ones by default).

    Raises:
        MenusFault: A file is not well formed; every finding names file, line and screen.
    """
    folder = folder or FOLDER
    findings: list[Finding] = []
    house, languages = read_house(read(folder / "menus" / "house.toml", folder, findings))
    actions, words = _vocabulary(read(folder / "menus" / "actions.toml", folder, findings))
    paths = sorted((folder / "menus").glob("*.toml"))
    screens: dict[str, AnyScreen] = {}
    for path in paths:
        if path.stem not in SPECIAL:
            reader = DialogueReader(read(path, folder, findings), path.stem)
            screens.update({screen.name: screen for screen in reader.screens()})
    tongues = _tongues(folder, languages, findings)
    if findings:
        raise MenusFault(sorted(findings))
    return Menus(version_of(folder), house, screens, actions, words, tongues)


def version_of(folder: Path) -> str:
    """The first 16 hex digits of SHA-256 over the names and bytes of all files."""
    digest = sha256()
    for path in sorted([*(folder / "menus").glob("*.toml"), *(folder / "texts").glob("*.toml")]):
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _vocabulary(source: Source) -> tuple[dict[str, Action], dict[str, Word]]:
    table = Table(source, (), source.data)
    words = {name: read_word(source, name, data) for name, data in table.table("words", required=True).items()}
    actions = {name: read_action(source, name, data) for name, data in table.table("actions", required=True).items()}
    table.close()
    return actions, words


def _tongues(folder: Path, languages: tuple[str, ...], findings: list[Finding]) -> dict[str, Tongue]:
    """The languages in the order of the house; a file that the house does not name is a finding."""
    house = read(folder / "menus" / "house.toml", folder, [])
    if not languages:
        findings.append(Finding(house.file, house.line_of("house"), "", "", "form", "`languages` names at least one"))
    for path in sorted((folder / "texts").glob("*.toml")):
        if path.stem not in languages:
            fix = f"`languages` of menus/house.toml does not name {path.stem}"
            findings.append(Finding(path.relative_to(folder).as_posix(), 1, "", path.stem, "form", fix))
    return {code: read_tongue(read(folder / "texts" / f"{code}.toml", folder, findings), code) for code in languages}
