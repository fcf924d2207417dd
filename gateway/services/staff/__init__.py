"""Staff: accounts, roles and sign-ins of the people who work in the console."""

from gateway.services.staff.passwords import Passwords
from gateway.services.staff.rules import NewStaff, Role, SignInOutcome, SignInResult, StaffMember, StaffRefusal
from gateway.services.staff.service import Staff
from gateway.services.staff.tables import staff_accounts, staff_failures, staff_sign_ins

__all__ = [
    "NewStaff",
    "Passwords",
    "Role",
    "SignInOutcome",
    "SignInResult",
    "Staff",
    "StaffMember",
    "StaffRefusal",
    "staff_accounts",
    "staff_failures",
    "staff_sign_ins",
]
