"""Which roles may do what in the console, in one place so that it can be read as a table."""

from dataclasses import dataclass

from gateway.services.staff import Role

SEE_CLAIMS = (Role.BENEFITS_OFFICER, Role.BENEFITS_RELEASER, Role.FINANCE)
DECIDE = (Role.BENEFITS_OFFICER,)
SEE_TABLES = (Role.BENEFITS_OFFICER, Role.BENEFITS_RELEASER, Role.FINANCE)
PROPOSE_TABLES = (Role.BENEFITS_OFFICER,)
"""Who proposes decision tables; a releaser publishes them."""
ENROL_ATTESTERS = (Role.ADMINISTRATOR,)
"""Who says which phone speaks for an employer: nobody who decides claims."""
SEE_PROVIDERS = (Role.PROVIDERS_OFFICER, Role.FINANCE)
RUN_PROVIDERS = (Role.PROVIDERS_OFFICER,)
"""Who registers providers, proposes prices and decides fees; another one of them agrees to the first two."""
SEE_PEOPLE = (
    Role.BENEFITS_OFFICER,
    Role.BENEFITS_RELEASER,
    Role.BRANCH_CLERK,
    Role.FINANCE,
    Role.PAYOUTS_OFFICER,
    Role.PAYOUTS_CHECKER,
)
SEE_PAYEES = (Role.BRANCH_CLERK, Role.FINANCE, Role.PAYOUTS_OFFICER, Role.PAYOUTS_CHECKER)
"""Who sees where people are paid, by the last digits, and which accounts many share."""
CALM_PAYEES = (Role.BRANCH_CLERK, Role.PAYOUTS_CHECKER)
"""Who notes a new SIM, and lets payments go on once the person was spoken with."""
PROPOSE_UNLOCK = (Role.BENEFITS_OFFICER, Role.BRANCH_CLERK)
DESK = (Role.BRANCH_CLERK,)
"""Who has the person before them: branch codes and cash."""
SEE_MERCHANTS = (Role.MERCHANTS_OFFICER, Role.FINANCE, Role.ADMINISTRATOR)
ENROL_MERCHANTS = (Role.MERCHANTS_OFFICER, Role.ADMINISTRATOR)
RUN_MERCHANTS = (Role.MERCHANTS_OFFICER,)
"""Who says what a merchant sells, what it pays and where it is paid: nobody who makes or agrees to payouts."""
STOP_TERMINALS = (Role.MERCHANTS_OFFICER, Role.ADMINISTRATOR)
SEE_CLEARING = (Role.MERCHANTS_OFFICER, Role.FINANCE)
"""Who sees batches, cycles and statements, and looks after what did not fit."""
RUN_CYCLES = (Role.FINANCE,)
SEE_TAPS = (Role.MERCHANTS_OFFICER, Role.FINANCE, Role.ADMINISTRATOR, Role.BRANCH_CLERK)
"""Who sees what was tapped and why it was refused: a branch tells people."""
COLLECT_TAPS = (Role.MERCHANTS_OFFICER, Role.FINANCE)
SEE_TOKENS = (Role.BRANCH_CLERK, Role.FINANCE, Role.ADMINISTRATOR)
"""Who sees people's tokens, locks them and bounds what they pay."""
ACT_FOR_FRAUD = (Role.FINANCE, Role.ADMINISTRATOR)
"""Who locks, and lifts, as the fraud desk does."""
SEE_JOBS = (Role.FINANCE, Role.ADMINISTRATOR)
RUN_JOBS = (Role.FINANCE,)
SEE_SESSIONS = (Role.ADMINISTRATOR, Role.FINANCE)
SEE_MENUS = (Role.ADMINISTRATOR, Role.FINANCE)
RELEASE_MENUS = (Role.ADMINISTRATOR,)
"""Who takes menus back; another one of them agrees, at the latest afterwards."""
SEE_LINKS = (Role.ADMINISTRATOR, Role.FINANCE)
SEE_TICKETS = (Role.BENEFITS_OFFICER, Role.BRANCH_CLERK)
"""Who reads what people complain about, and answers."""
SEE_CAMPAIGNS = (Role.FINANCE, Role.ADMINISTRATOR)
RUN_CAMPAIGNS = (Role.FINANCE,)
"""Who makes campaigns; another one of them agrees to each."""
SEE_DOCUMENTS = (
    Role.FINANCE,
    Role.ADMINISTRATOR,
    Role.SIGNATORY,
    Role.PAYOUTS_OFFICER,
    Role.PAYOUTS_CHECKER,
)
"""Who sees every document that was put up for signing, with its proof; others see their own."""
SEE_SIGNERS = (Role.ADMINISTRATOR, Role.FINANCE)
RUN_SIGNERS = (Role.ADMINISTRATOR,)
"""Who asks for an enrolment; a second person agrees to each."""
SEE_LEDGER = (Role.FINANCE,)
SEE_CLOSE = (Role.FINANCE, Role.SIGNATORY)
"""Who sees what a day's closing stands on: who asks for it and who signs it."""
RUN_CLOSE = (Role.FINANCE,)
SEE_REPORTS = (Role.FINANCE,)
FIND = (Role.FINANCE,)
"""Who finds anything by a few characters of it, people by their numbers too: each person found is a view."""
SEE_CAUSES = (
    Role.FINANCE,
    Role.BENEFITS_OFFICER,
    Role.BENEFITS_RELEASER,
    Role.BRANCH_CLERK,
    Role.PROVIDERS_OFFICER,
    Role.MERCHANTS_OFFICER,
)
SEE_BANK = (Role.FINANCE, Role.PAYOUTS_OFFICER)
"""Who sees orders and statements, and brings files of the bank."""
SEE_PAYOUTS = (Role.PAYOUTS_OFFICER, Role.PAYOUTS_CHECKER, Role.FINANCE, Role.SIGNATORY)
RUN_PAYOUTS = (Role.PAYOUTS_OFFICER,)
"""Who makes batches and locks them; others agree, sign, and only then is anything paid."""
STEER_PAYOUTS = (Role.PAYOUTS_OFFICER, Role.PAYOUTS_CHECKER, Role.FINANCE)
"""Who stops what runs: whoever sees something wrong."""
SEE_RECONCILIATION = (Role.FINANCE,)
RUN_RECONCILIATION = (Role.FINANCE,)
"""Who starts runs, links rows and undoes links."""
SEE_BREAKS = (Role.FINANCE,)
STEER_BREAKS = (Role.FINANCE,)
"""Who looks after breaks and proposes what is booked for them; another one of them agrees to that."""
SEE_BUDGETS = (Role.PAYOUTS_OFFICER, Role.PAYOUTS_CHECKER, Role.FINANCE)
GIVE_BUDGETS = (Role.FINANCE,)
RUN_STAFF = (Role.ADMINISTRATOR,)
SEE_VIEWS = (Role.ADMINISTRATOR,)
"""Who reads the access log; that shows no more of a person than the name."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the menu: `nav.<name>`, where it leads, who sees it, and its letter after `g` on the keyboard."""

    name: str
    path: str
    roles: tuple[Role, ...]
    key: str = ""


MENU = (
    MenuItem("today", "/", tuple(Role), "t"),
    MenuItem("claims", "/claims", SEE_CLAIMS, "m"),
    MenuItem("decisions", "/decisions", SEE_TABLES),
    MenuItem("attesters", "/attesters", (*SEE_CLAIMS, *ENROL_ATTESTERS)),
    MenuItem("approvals", "/approvals", tuple(Role), "a"),
    MenuItem("signing", "/signing", tuple(Role), "s"),
    MenuItem("tickets", "/tickets", SEE_TICKETS),
    MenuItem("people", "/people", SEE_PEOPLE, "o"),
    MenuItem("payouts", "/payouts", SEE_PAYOUTS, "p"),
    MenuItem("providers", "/providers", SEE_PROVIDERS),
    MenuItem("fees", "/fees", SEE_PROVIDERS, "f"),
    MenuItem("prices", "/prices", SEE_PROVIDERS),
    MenuItem("returns", "/returns", STEER_PAYOUTS, "r"),
    MenuItem("budgets", "/budgets", SEE_BUDGETS),
    MenuItem("shared_accounts", "/payees/shared", (Role.FINANCE, Role.PAYOUTS_OFFICER, Role.PAYOUTS_CHECKER)),
    MenuItem("cash_in", "/cash-in", DESK, "d"),
    MenuItem("ledger", "/ledger", SEE_LEDGER, "l"),
    MenuItem("bank", "/bank", SEE_BANK, "k"),
    MenuItem("reconciliation", "/reconciliation", SEE_RECONCILIATION, "c"),
    MenuItem("breaks", "/breaks", SEE_BREAKS, "b"),
    MenuItem("close", "/close", SEE_CLOSE, "x"),
    MenuItem("reports", "/reports", SEE_REPORTS, "e"),
    MenuItem("campaigns", "/campaigns", SEE_CAMPAIGNS),
    MenuItem("jobs", "/jobs", SEE_JOBS, "j"),
    MenuItem("links", "/links", SEE_LINKS, "i"),
    MenuItem("sessions", "/sessions", SEE_SESSIONS),
    MenuItem("menus", "/menus", SEE_MENUS),
    MenuItem("taps", "/taps", SEE_TAPS, "n"),
    MenuItem("tokens", "/tokens", SEE_TOKENS),
    MenuItem("merchants", "/merchants", SEE_MERCHANTS, "h"),
    MenuItem("staff", "/staff", RUN_STAFF),
    MenuItem("signers", "/signers", SEE_SIGNERS),
    MenuItem("delegations", "/delegations", tuple(Role)),
)

MERCHANTS_TABS = (
    ("/merchants", "nav.merchants", SEE_MERCHANTS),
    ("/merchants/terminals", "table.terminals", SEE_MERCHANTS),
    ("/merchants/batches", "table.terminal_batches", SEE_CLEARING),
    ("/merchants/exceptions", "table.exceptions", SEE_CLEARING),
    ("/merchants/cycles", "table.cycles", SEE_CLEARING),
)
"""The pages beside each other under merchants: where each is, its words, and who sees it."""

RECON_TABS = (
    ("/reconciliation", "nav.reconciliation", SEE_RECONCILIATION),
    ("/breaks", "nav.breaks", SEE_BREAKS),
    ("/returns", "nav.returns", STEER_PAYOUTS),
    ("/bank", "nav.bank", SEE_BANK),
)
"""The pages beside each other where finance proves that the books agree."""
