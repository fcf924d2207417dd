"""The book for other programs: hledger, CSV, XLSX. All stream from the log and need no more memory for more rows."""

from wallet.exports.csv import csv_lines
from wallet.exports.hledger import hledger_lines
from wallet.exports.xlsx import write_xlsx

__all__ = ["csv_lines", "hledger_lines", "write_xlsx"]
