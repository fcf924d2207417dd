"""TOML files to Menus.

`menus/house.toml` holds what is true of all menus, `menus/actions.toml` the actions and the vocabulary,
`menus/shortcuts.toml` what people dial by heart, any other file of `menus/` one dialogue, each file of
`menus/fragments/` screens that dialogues include, each file of `texts/` one language, and of `texts/easy/` what is said
otherwise in easy mode.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from ussd_menus.house_reader import read_action, read_house, read_shortcuts, read_tongue, read_word
from ussd_menus.model import Finding, MenusFault
from ussd_menus.places import places
from ussd_menus.reader import DialogueReader, read_head
from ussd_menus.screens import Action, AnyScreen, House, Menus, Shortcut, Tongue, Word
from ussd_menus.tables import FILE_BYTES_MAX, FORM, Source, Table, read, text_of

FOLDER = Path(__file__).parent
HOUSE, ACTIONS, SHORTCUTS = "menus/house.toml", "menus/actions.toml", "menus/shortcuts.toml"
PLACES = ("menus", "menus/fragments", "texts", "texts/easy")


def load(folder: Path | None = None) -> Menus:
    """Read the menus of `folder` (the shipped ones by default).

    Raises:
        MenusFault: A file is not well formed; every finding names file, line and screen.
    """
    return load_files(files_of(folder))


def files_of(folder: Path | None = None) -> dict[str, bytes]:
    """The content of every file of the menus in `folder`, the shipped ones by default, by name: `menus/send.toml`.

    Raises:
        MenusFault: The folder is not there, or a file of it cannot be read.
    """
    folder = folder or FOLDER
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    for place in PLACES:
        for path in sorted((folder / place).glob("*.toml")):
            name = path.relative_to(folder).as_posix()
            try:
                with path.open("rb") as file:
                    files[name] = file.read(FILE_BYTES_MAX + 1)
            except OSError as problem:
                findings.append(Finding(name, 1, "", "", FORM, f"cannot be read: {problem.strerror}"))
    if findings:
        raise MenusFault(findings)
    return files


def load_files(files: Mapping[str, bytes]) -> Menus:
    """Read menus from their files, as `files_of` gives them.

    Raises:
        MenusFault: As for load.
    """
    menus, findings = read_files(files)
    if findings:
        raise MenusFault(findings)
    return menus


def read_files(files: Mapping[str, bytes]) -> tuple[Menus, list[Finding]]:
    """As much of the menus as is well formed, and what is not, sorted."""
    findings: list[Finding] = []
    source = read(files, HOUSE, findings)
    house, languages = read_house(source)
    if not languages:
        findings.append(Finding(HOUSE, source.line_of("house"), "", "", FORM, "`languages` names at least one"))
    vocabulary = read(files, ACTIONS, findings)
    actions, words = _vocabulary(vocabulary)
    screens = {screen.name: screen for screen in _screens(files, house, findings)}
    tongues = _tongues(files, languages, findings)
    shortcuts = _shortcuts(files, findings)
    lines = {file: places(text_of(content)) for file, content in files.items() if len(content) <= FILE_BYTES_MAX}
    menus = Menus(version_of(files), house, screens, actions, words, tongues, shortcuts, lines)
    return menus, sorted(set(findings))


def version_of(files: Mapping[str, bytes]) -> str:
    """The first 16 hex digits of SHA-256 over the names and bytes of all files."""
    digest = sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _of(files: Mapping[str, bytes], place: str) -> Iterator[tuple[str, str]]:
    """File and stem of everything in one folder."""
    for file in sorted(files):
        folder, _, name = file.rpartition("/")
        if folder == place:
            yield file, name.removesuffix(".toml")


def _screens(files: Mapping[str, bytes], house: House, findings: list[Finding]) -> Iterator[AnyScreen]:
    """The screens of the fragments that a dialogue includes, then its own, which win over them."""
    for file, dialogue in _of(files, "menus"):
        if file in {HOUSE, ACTIONS, SHORTCUTS}:
            continue
        source = read(files, file, findings)
        head = read_head(source, dialogue, house)
        for fragment in head.include:
            name = f"menus/fragments/{fragment}.toml"
            if name not in files:
                fix = f"`include` names {fragment}, and there is no {name}"
                source.refuse(source.line_of("dialogue", "include"), "", fix)
                continue
            yield from DialogueReader(read(files, name, findings), head, fragment).screens()
        yield from DialogueReader(source, head).screens()


def _vocabulary(source: Source) -> tuple[dict[str, Action], dict[str, Word]]:
    table = Table(source, (), source.data)
    words = {name: read_word(source, name, data) for name, data in table.table("words", required=True).items()}
    actions = {name: read_action(source, name, data) for name, data in table.table("actions", required=True).items()}
    table.close()
    return actions, words


def _shortcuts(files: Mapping[str, bytes], findings: list[Finding]) -> dict[str, Shortcut]:
    return read_shortcuts(read(files, SHORTCUTS, findings)) if SHORTCUTS in files else {}


def _tongues(files: Mapping[str, bytes], languages: tuple[str, ...], findings: list[Finding]) -> dict[str, Tongue]:
    """The languages in the order of the house; a file that the house does not name is a finding."""
    for place in ("texts", "texts/easy"):
        for file, code in _of(files, place):
            if code not in languages:
                fix = f"`languages` of {HOUSE} does not name {code}"
                findings.append(Finding(file, 1, "", code, FORM, fix))
    tongues = {}
    for code in languages:
        easy = f"texts/easy/{code}.toml"
        overlay = read(files, easy, findings) if easy in files else None
        tongues[code] = read_tongue(read(files, f"texts/{code}.toml", findings), code, overlay)
    return tongues
