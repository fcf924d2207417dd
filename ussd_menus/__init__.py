"""CONVERSATION: screens, words and answers. Never money, SQL or HTTP."""
