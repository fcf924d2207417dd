"""The book for other programs: hledger, beancount, CSV, XLSX.

All stream from the log up to where it ended when they began, and need no more memory for more rows.
"""

from wallet.exports.beancount import beancount_lines
from wallet.exports.csv import csv_lines
from wallet.exports.hledger import hledger_lines
from wallet.exports.xlsx import write_xlsx

__all__ = ["beancount_lines", "csv_lines", "hledger_lines", "write_xlsx"]
