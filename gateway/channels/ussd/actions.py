"""The one table of what menus may call: name to function over the services."""

from zoneinfo import ZoneInfo

from gateway.channels.ussd.identity import Identity
from gateway.channels.ussd.money import Claims, Paying, Wallets
from gateway.channels.ussd.ports import Benefits, Ledger, Payments, People, Tokens
from gateway.services.dialogues import Actions
from wallet.accounts import Chart


def build_actions(
    people: People,
    payments: Payments,
    benefits: Benefits,
    tokens: Tokens,
    ledger: Ledger,
    chart: Chart,
    zone: ZoneInfo,
) -> Actions:
    """Every action by its name; `zone` decides the day of a movement and the hour of an expiry."""
    return {
        **Identity(people).actions(),
        **Wallets(people, ledger, chart, zone).actions(),
        **Claims(people, benefits).actions(),
        **Paying(people, payments, tokens, zone).actions(),
    }
