"""What is done once others have agreed, and who they are: one row a kind of approval."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.app.paying import Appropriations
from gateway.app.signing import Deciding
from gateway.channels.console import BUDGET_KIND
from gateway.services.approvals import Approvals
from gateway.services.benefits import RELEASE_KIND, Benefits
from gateway.services.breaks import KINDS as BREAK_KINDS
from gateway.services.breaks import Breaks
from gateway.services.campaigns import CAMPAIGN_KIND, Campaigns
from gateway.services.decisions import TABLE_KIND, Decisions
from gateway.services.payouts import APPROVAL_KIND as PAYOUT_KIND
from gateway.services.payouts import Payouts
from gateway.services.people import UNLOCK_KIND, People
from gateway.services.providers import LIST_KIND, REGISTRATION_KIND, Providers
from gateway.services.releases import RELEASE_KIND as MENU_RELEASE_KIND
from gateway.services.releases import ROLLBACK_KIND, Releases
from gateway.services.signing import SIGNER_ENROLMENT_KIND
from gateway.services.staff import Role

APPROVAL_ROLES: Mapping[str, str] = {
    RELEASE_KIND: Role.BENEFITS_RELEASER,
    TABLE_KIND: Role.BENEFITS_RELEASER,
    UNLOCK_KIND: Role.BRANCH_CLERK,
    CAMPAIGN_KIND: Role.FINANCE,
    MENU_RELEASE_KIND: Role.ADMINISTRATOR,
    ROLLBACK_KIND: Role.ADMINISTRATOR,
    REGISTRATION_KIND: Role.PROVIDERS_OFFICER,
    LIST_KIND: Role.PROVIDERS_OFFICER,
    SIGNER_ENROLMENT_KIND: Role.ADMINISTRATOR,
    PAYOUT_KIND: Role.PAYOUTS_CHECKER,
    BUDGET_KIND: Role.FINANCE,
    **dict.fromkeys(BREAK_KINDS.values(), Role.FINANCE),
}
"""The role that the checker of each kind must have, where the policy names none."""


class Deciders(NamedTuple):
    """Whose proposals others decide."""

    benefits: Benefits
    people: People
    campaigns: Campaigns
    releases: Releases
    providers: Providers
    decisions: Decisions
    payouts: Payouts
    breaks: Breaks


def approvals_of(deciding: Deciding, of: Deciders) -> Approvals:
    """Where proposals of every kind are decided, with what follows."""
    benefits, people, campaigns, releases, providers, decisions, payouts, breaks = of
    executors = {
        RELEASE_KIND: benefits.release,
        TABLE_KIND: decisions.publish,
        UNLOCK_KIND: people.unlock,
        CAMPAIGN_KIND: campaigns.release,
        MENU_RELEASE_KIND: releases.release,
        ROLLBACK_KIND: releases.rolled_back,
        REGISTRATION_KIND: providers.registered,
        LIST_KIND: providers.published,
        SIGNER_ENROLMENT_KIND: deciding.signers.enrolled,
        PAYOUT_KIND: payouts.approved,
        BUDGET_KIND: Appropriations(deciding.proposals, payouts).given,
        **dict.fromkeys(BREAK_KINDS.values(), breaks.approved),
    }
    refusers = {
        RELEASE_KIND: benefits.release_refused,
        TABLE_KIND: decisions.refused,
        CAMPAIGN_KIND: campaigns.refused,
        MENU_RELEASE_KIND: releases.refused,
        ROLLBACK_KIND: releases.rollback_refused,
        REGISTRATION_KIND: providers.registration_refused,
        LIST_KIND: providers.list_refused,
        SIGNER_ENROLMENT_KIND: deciding.signers.not_enrolled,
        PAYOUT_KIND: payouts.approval_refused,
        **dict.fromkeys(BREAK_KINDS.values(), breaks.refused),
    }
    return deciding.approvals(executors, refusers)
