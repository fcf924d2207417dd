"""Exports of the ledger: hledger, CSV, XLSX."""
