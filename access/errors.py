"""AccessError
├── SignInRefused       wrong name or password, or too many attempts; never says which name is known
├── TokenRefused        unknown, revoked or expired token, or a user who has left
├── NotAllowed          the identity lacks a scope; carries which
├── RevealRefused       a plain number is not shown; says why
├── PasswordRefused     a new password is too weak
├── UserUnknown         no user has this name
└── UserExists          the name is taken
"""

from vocabulary.errors import NuanxianError


class AccessError(NuanxianError):
    """The root of what access raises."""


class SignInRefused(AccessError):
    """Nobody was signed in.

    Args:
        message: the same for known and unknown names.
        again_after_s: 0 if another attempt may come at once.
    """

    def __init__(self, message: str, *, again_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.again_after_s = again_after_s


class TokenRefused(AccessError):
    """The token opens nothing; the message does not say why."""


class NotAllowed(AccessError):
    """The identity lacks a scope.

    Args:
        scope: the one that is needed.
    """

    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs the scope {scope}")
        self.scope = scope


class RevealRefused(AccessError):
    """A plain telephone number is not shown."""


class PasswordRefused(AccessError):
    """A new password is too weak."""


class UserUnknown(AccessError):
    """No user has this name."""


class UserExists(AccessError):
    """The name is taken."""
