"""The one table of what menus may call: name to function over the services."""

from zoneinfo import ZoneInfo

from gateway.channels.ussd.benefits import Attesting, Claims
from gateway.channels.ussd.care import Billing, Visiting
from gateway.channels.ussd.identity import Identity
from gateway.channels.ussd.mailbox import Letters
from gateway.channels.ussd.money import Paying, Wallets
from gateway.channels.ussd.payees import PaidTo
from gateway.channels.ussd.phones import Phones
from gateway.channels.ussd.ports import Services
from gateway.channels.ussd.signing import Signings
from gateway.channels.ussd.tap_limits import TapLimits
from gateway.channels.ussd.tickets import Tellings
from gateway.services.dialogues import Actions
from wallet.accounts import Chart


def build_actions(services: Services, chart: Chart, zone: ZoneInfo) -> Actions:
    """Every action by its name; `zone` decides the day of a movement and the hour of an expiry."""
    people, ledger = services.people, services.ledger
    return {
        **Identity(people).actions(),
        **Wallets(people, ledger, chart, zone).actions(),
        **Claims(people, services.benefits).actions(),
        **Attesting(services.benefits).actions(),
        **Paying(people, services.payments, services.tokens, zone).actions(),
        **Phones(people, services.tokens).actions(),
        **Tellings(people, ledger, services.tickets, chart, zone).actions(),
        **Visiting(people, services.care).actions(),
        **Billing(people, services.care).actions(),
        **PaidTo(people, services.payees).actions(),
        **TapLimits(people, services.tap_controls).actions(),
        **Letters(people, services.mailbox, zone).actions(),
        **Signings(services.signing).actions(),
    }
