"""Tables as downloads: CSV is streamed however long it is, XLSX is made in a file of its own and ends at its limit."""

from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from gateway.channels.console.cells import Cell, Column, R
from gateway.channels.console.exports import BOM, csv_lines, xlsx
from gateway.channels.console.visit import Visit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def download(
    visit: Visit, name: str, columns: Sequence[Column[R]], pages: AsyncIterator[Sequence[R]]
) -> web.StreamResponse:
    """The rows of `pages` as the ending of the path says."""
    heads = [visit.words.t(f"column.{column.title}") for column in columns]
    stamp = visit.deps.clock.now().astimezone(visit.words.zone).strftime("%Y-%m-%d-%H%M")
    ending = visit.named("ending")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{stamp}.{ending}"'}
    if ending == "csv":
        return await _streamed(visit, heads, columns, pages, headers)
    body, count = await xlsx(name, heads, _rows(columns, pages), visit.words)
    headers["X-Rows"] = str(count)
    return web.Response(body=body, content_type=XLSX, headers=headers)


async def _streamed(
    visit: Visit,
    heads: Sequence[str],
    columns: Sequence[Column[R]],
    pages: AsyncIterator[Sequence[R]],
    headers: dict[str, str],
) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, "Content-Type": "text/csv; charset=utf-8"})
    await response.prepare(visit.request)
    try:
        await response.write((BOM + csv_lines([list(heads)], visit.words)).encode())
        async for page in pages:
            lines = csv_lines([[column.value(row) for column in columns] for row in page], visit.words)
            await response.write(lines.encode())
        await response.write_eof()
    except BaseException:
        # Half a file must look like a failed download, not like a whole one with a page of ours at its end.
        if visit.request.transport is not None:
            visit.request.transport.abort()
        raise
    return response


async def _rows(columns: Sequence[Column[R]], pages: AsyncIterator[Sequence[R]]) -> AsyncIterator[Sequence[Cell]]:
    async for page in pages:
        for row in page:
            yield [column.value(row) for column in columns]
