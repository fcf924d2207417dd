"""`tapdial signing inbox | document`: what waits for whose signature, and whether it can be proved. Read-only."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.signing import Event, Proof, Waiting

app = typer.Typer(no_args_is_help=True, help="Documents that wait for signatures.")
SHOWN_MAX = 100


@app.command()
def inbox(
    username: Annotated[str, typer.Argument(help="Of the member of staff.")],
    config: Config = None,
) -> None:
    """List what this member may sign now; status 1 if nobody is called so."""

    async def work(house: "House") -> "list[Waiting] | None":
        member = await house.staff.by_username(username)
        return None if member is None else await house.signing.signing.inbox(member, limit=SHOWN_MAX)

    waiting = in_house(read_settings(config), work)
    if waiting is None:
        Console(stderr=True).print(f"nobody is called {username}", highlight=False)
        raise typer.Exit(1)
    table = Table("document", "kind", "title", "needs", "missing", "until")
    for one in waiting:
        until = f"{one.document.expires_at:%Y-%m-%d %H:%M}"
        table.add_row(one.id, one.document.kind, one.document.title, one.need.value, str(one.missing), until)
    Console().print(table)


@app.command()
def document(
    document_id: Annotated[str, typer.Argument(help="As doc_…")],
    config: Config = None,
) -> None:
    """Show a document, its history, and what its kept signatures prove now; status 1 unless that is `signed`."""
    from gateway.services.signing import ProofOutcome

    async def work(house: "House") -> "tuple[Waiting, list[Event], Proof] | None":
        desk = house.signing.signing
        found = await desk.document(document_id)
        if found is None:
            return None
        proof = await desk.proof(found.document.kind, found.document.subject, found.document.digest)
        return found, await desk.history(document_id), proof

    answer = in_house(read_settings(config), work)
    if answer is None:
        Console(stderr=True).print(f"there is no document {document_id}", highlight=False)
        raise typer.Exit(1)
    found, history, proof = answer
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{found.document.kind} {found.document.subject}: {found.document.title}", markup=False)
    console.print(f"#{found.digits}, {found.state.value}, needs {found.need.value}; proof: {proof.outcome.value}")
    for one in found.signatures:
        by = f"phone, certificate {one.serial}, {one.code}" if one.by_phone else "password and code"
        console.print(f"  {one.signed_at:%Y-%m-%d %H:%M:%S} {one.staff_id} in the name of {one.principal}: {by}")
    for event in history:
        console.print(f"  {event.at:%Y-%m-%d %H:%M:%S} {event.what.value} {event.staff_id} {event.note}", markup=False)
    if proof.outcome is not ProofOutcome.SIGNED:
        raise typer.Exit(1)
