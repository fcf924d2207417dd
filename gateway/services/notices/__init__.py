"""Notices: what people are told, in their language, once per cause, through an outbox that survives everything."""

from gateway.services.notices.notice import NEEDS, Notice, NoticeClass, NoticeValue, Prepared
from gateway.services.notices.notices import Notices

__all__ = ["NEEDS", "Notice", "NoticeClass", "NoticeValue", "Notices", "Prepared"]
