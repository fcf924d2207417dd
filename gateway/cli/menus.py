"""`tapdial menus verify | draw | walk | record`: what can be proved and seen of the menus before a person dials."""

import sys
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

import ussd_menus
from gateway.cli.context import Config, read_settings
from ussd_menus.profiles import read_profiles
from ussd_menus.walk import Walk, coverage

app = typer.Typer(no_args_is_help=True, help="Prove, draw, walk and record the USSD menus.")
Folder = Annotated[Path | None, typer.Argument(help="Folder with menus/ and texts/; the shipped ones by default.")]
Profiles = Annotated[
    Path | None,
    typer.Option("--profiles", help="TOML file of operators' profiles; the proof is for the smallest of them."),
]


class Shape(StrEnum):
    """What a map is drawn as."""

    SVG = "svg"
    HTML = "html"
    MERMAID = "mmd"


@app.command()
def verify(folder: Folder = None, profiles: Profiles = None, config: Config = None) -> None:
    """Prove that every screen is reachable, leaves, fits, and is said in every language; exit status 1 if not."""
    profile = _profile(config, profiles)
    findings = ussd_menus.inspect(folder, profile)
    for finding in findings:
        sys.stdout.write(f"{_printable(str(finding))}\n")
    if findings:
        raise typer.Exit(1)
    Console().print(
        "[green]sound[/green]: every screen is reachable, ends, fits and speaks every language"
        f" ({profile.septets_max} septets, {profile.ucs2_max} UCS-2 units, {profile.session_s} s)"
    )


@app.command()
def draw(
    folder: Folder = None,
    output: Annotated[Path, typer.Option("--output", help="File to write: .svg, .html or .mmd.")] = Path("menus.svg"),
    profiles: Profiles = None,
    config: Config = None,
) -> None:
    """Draw the menus as a map, with the size of the largest page of each screen."""
    menus = _loaded(folder)
    profile = _profile(config, profiles)
    try:
        shape = Shape(output.suffix.removeprefix("."))
    except ValueError:
        raise typer.BadParameter("ends in .svg, .html or .mmd", param_hint="--output") from None
    draws = {Shape.SVG: ussd_menus.draw, Shape.HTML: ussd_menus.html}
    text = ussd_menus.mermaid(menus) if shape is Shape.MERMAID else draws[shape](menus, profile=profile)
    _write(output, text)


@app.command()
def walk(
    folder: Folder = None,
    walks: Annotated[int, typer.Option("--walks", min=1, max=1_000_000, help="How many sessions.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="The same seed walks the same ways.")] = 1,
    language: Annotated[str, typer.Option("--language", help="One language only; all in turn by default.")] = "",
    profiles: Profiles = None,
    config: Config = None,
) -> None:
    """Walk the menus at random, and say what was seen of them; exit status 1 if a walk broke a promise."""
    frozen = _frozen(folder, _profile(config, profiles))
    if language and language not in frozen.languages:
        raise typer.BadParameter(f"is none of {', '.join(frozen.languages)}", param_hint="--language")
    walker = Walk(frozen, _profile(config, profiles), (language,) if language else frozen.languages)
    for number in track(range(walks), "Walking", console=Console(stderr=True), transient=True):
        walker.once(seed, number)
    for line in coverage(walker):
        sys.stdout.write(f"{_printable(line)}\n")
    if walker.broken:
        raise typer.Exit(1)


@app.command()
def record(
    name: Annotated[str, typer.Argument(help="Name of the transcript; its language and .txt are added.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--inputs", help="What is typed, or `< outcome | name=value` for a call's answer; repeatable."),
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Language of the session.")] = "en",
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder of the menus.")] = None,
    output: Annotated[Path, typer.Option("--output", help="Folder to write to.")] = Path(),
    title: Annotated[str, typer.Option("--title", help="What the transcript shows, in a line.")] = "",
    config: Config = None,
) -> None:
    """Write a golden transcript: what a person types and reads, byte for byte. Secrets are written as stars."""
    frozen = _frozen(folder, _profile(config, None))
    if not name.replace("_", "").replace("-", "").isalnum():
        raise typer.BadParameter("is made of letters, digits, - and _", param_hint="NAME")
    if language not in frozen.languages:
        raise typer.BadParameter(f"is none of {', '.join(frozen.languages)}", param_hint="--language")
    try:
        transcript = ussd_menus.record(frozen, title or name, language, inputs or [])
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--inputs") from None
    _write(output / f"{name}.{language}.txt", transcript)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as problem:
        raise typer.BadParameter(f"{path}: {problem.strerror}", param_hint="--output") from None
    Console().print(f"wrote {path}")


def _printable(line: str) -> str:
    """One line without control letters, whatever stands in a file."""
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _profile(config: Path | None, profiles: Path | None) -> ussd_menus.Profile:
    """The smallest of the profiles in the file, else the one of the settings."""
    if profiles is None:
        settings = read_settings(config)
        return ussd_menus.Profile(
            septets_max=settings.ussd_septets_max,
            ucs2_max=settings.ussd_ucs2_max,
            session_s=settings.ussd_session_s,
        )
    try:
        found = read_profiles(tomllib.loads(profiles.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as problem:
        raise typer.BadParameter(f"{profiles}: {problem}", param_hint="--profiles") from None
    return ussd_menus.smallest(found)


def _loaded(folder: Path | None) -> ussd_menus.Menus:
    try:
        return ussd_menus.load(folder)
    except ussd_menus.MenusFault as fault:
        raise _refused(fault) from None


def _frozen(folder: Path | None, profile: ussd_menus.Profile) -> ussd_menus.FrozenMenus:
    try:
        return ussd_menus.freeze(ussd_menus.load(folder), profile)
    except ussd_menus.MenusFault as fault:
        raise _refused(fault) from None


def _refused(fault: ussd_menus.MenusFault) -> typer.Exit:
    for finding in fault.findings:
        sys.stderr.write(f"{_printable(str(finding))}\n")
    return typer.Exit(1)
