"""Who may do what, and who did it: users, roles, tokens, sign-in, reveals."""

from access.credentials import Passwords, TokenHasher
from access.identity import Identity
from access.reveals import RevealServices
from access.roles import Role, Scope
from access.services import AccessRules, AccessServices, SignedIn
from access.sign_in_limits import SignInLimiter
from access.user_services import SeedAccount, UserServices

__all__ = [
    "AccessRules",
    "AccessServices",
    "Identity",
    "Passwords",
    "RevealServices",
    "Role",
    "Scope",
    "SeedAccount",
    "SignInLimiter",
    "SignedIn",
    "TokenHasher",
    "UserServices",
]
