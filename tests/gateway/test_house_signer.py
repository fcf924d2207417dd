"""The house with a mobile signature service: it is asked, its results come in by a door, and without it neither is."""

import asyncio
from pathlib import Path

from pydantic import SecretStr
from pytest_aiohttp.plugin import AiohttpClient

from gateway.app import built
from gateway.app.doors import build
from gateway.settings import Settings
from gateway.workers.signer import SignerProbe
from tests.simulators.mssp.provider import AP_ID, AP_PWD, bench
from wallet.clock import SystemClock


async def test_a_house_with_a_service_asks_it_and_hears_it(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    async with bench() as twin:
        roots = tmp_path / "roots.pem"
        roots.write_text(twin.authority.root_pem(), "ascii")
        settings = Settings(
            data_dir=tmp_path,
            mssp_url=f"http://127.0.0.1:{twin.mssp.port}",
            mssp_ap_id=AP_ID,
            mssp_ap_password=SecretStr(AP_PWD),
            mssp_roots_file=str(roots),
            mssp_callback_secret=SecretStr("s3cret"),
        )
        async with built(settings, SystemClock()) as house, asyncio.TaskGroup() as tasks:
            assert house.signer is not None
            await SignerProbe(house.signer, house.metrics).tick()
            client = await aiohttp_client(build(house, tasks, dict).http)
            nonsense = await client.post("/mss/callback/s3cret", data=b"{}")
            up = house.metrics.registry.get_sample_value("tapdial_mssp_up")

    assert (nonsense.status, up) == (400, 1)


async def test_a_house_without_a_service_has_neither(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    settings = Settings(data_dir=tmp_path, mssp_callback_secret=SecretStr("s3cret"))
    async with built(settings, SystemClock()) as house, asyncio.TaskGroup() as tasks:
        client = await aiohttp_client(build(house, tasks, dict).http)

        assert house.signer is None
        assert (await client.post("/mss/callback/s3cret", data=b"{}")).status == 404
