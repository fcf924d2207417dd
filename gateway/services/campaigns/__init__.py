"""Campaigns: one text for many people, checked, approved by a second person, spread over hours, paused and reported."""

from gateway.services.campaigns.book import Parts
from gateway.services.campaigns.campaigns import Campaigns
from gateway.services.campaigns.loading import CSV, INVOICES
from gateway.services.campaigns.model import (
    REPORTED,
    BadRow,
    Campaign,
    CampaignKind,
    CampaignOutcome,
    CampaignState,
    Preview,
    Reported,
    RowFault,
    Shown,
)
from gateway.services.campaigns.pace import Window
from gateway.services.campaigns.ports import Known, Owed
from gateway.services.campaigns.sending import CAMPAIGN_KIND, TESTS_MAX

__all__ = [
    "CAMPAIGN_KIND",
    "CSV",
    "INVOICES",
    "REPORTED",
    "TESTS_MAX",
    "BadRow",
    "Campaign",
    "CampaignKind",
    "CampaignOutcome",
    "CampaignState",
    "Campaigns",
    "Known",
    "Owed",
    "Parts",
    "Preview",
    "Reported",
    "RowFault",
    "Shown",
    "Window",
]
