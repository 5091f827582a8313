"""The registrar: which contacts each account has, and until when (RFC 3261 §10.3)."""

from dataclasses import dataclass, field

from telephony.sip.core.address import Contact, Hop
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import NameAddr, parse_name_addr
from telephony.sip.core.message import Request


@dataclass(eq=False, slots=True)
class _Binding:
    contact: Contact
    call_id: str
    number: int


@dataclass(frozen=True, slots=True)
class RegisterReply:
    """How to answer a REGISTER.

    Attributes:
        headers: Contact lines of a 200, Min-Expires of a 423.
        changed: contacts came or went; a mere refresh is no change.
        why: for the log, if it was refused.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    changed: bool = False
    why: str = ""


@dataclass(eq=False, slots=True)
class Registrar:
    """Bindings of accounts to contacts, bounded; time is handed in as monotonic seconds.

    Args:
        min_expires_s: a shorter wish is refused with 423.
        max_expires_s: a longer wish is cut to this; also the default.
        max_contacts: of one account.
        max_accounts: with contacts at once.
    """

    min_expires_s: int = 30
    max_expires_s: int = 3600
    max_contacts: int = 5
    max_accounts: int = 20_000
    _accounts: dict[str, dict[str, _Binding]] = field(default_factory=dict)

    def register(self, account: str, request: Request, flow: Hop, now_s: float) -> RegisterReply:
        """Apply one authenticated REGISTER as a whole or not at all (RFC 3261 §10.3 step 7).

        Args:
            flow: where it came from.

        Raises:
            MessageMalformed: a Contact or Expires that cannot be read.
        """
        values = request.get_list("Contact")
        held = self._accounts.get(account, {})
        bindings = {key: binding for key, binding in held.items() if binding.contact.expires_at_s > now_s}
        if not values:
            return self._listing(account, now_s, changed=False)
        wish_s = _seconds(request.get("Expires"), self.max_expires_s)
        if values == ["*"] or "*" in values:
            if len(values) > 1 or wish_s != 0:
                raise MessageMalformed("Contact * needs Expires 0 and no other contact")
            return self._remove_all(account, request, now_s)
        wanted = [(parse_name_addr(value), value) for value in values]
        plan = dict(bindings)
        for address, _ in wanted:
            refusal = self._plan(plan, address, request, flow, wish_s, now_s)
            if refusal is not None:
                return refusal
        if len(plan) > self.max_contacts:
            return RegisterReply(403, why="too many contacts")
        if account not in self._accounts and plan and len(self._accounts) >= self.max_accounts:
            return RegisterReply(503, why="the registrar is full")
        changed = plan.keys() != held.keys() or any(plan[key].contact.flow != held[key].contact.flow for key in plan)
        self._store(account, plan)
        return self._listing(account, now_s, changed=changed)

    def contacts(self, account: str, now_s: float) -> tuple[Contact, ...]:
        """Live contacts, highest q first, then the latest registered."""
        live = [
            binding.contact
            for binding in self._accounts.get(account, {}).values()
            if binding.contact.expires_at_s > now_s
        ]
        return tuple(sorted(live, key=lambda contact: (-contact.q, -contact.expires_at_s)))

    def accounts(self) -> tuple[str, ...]:
        """Accounts with contacts."""
        return tuple(self._accounts)

    def remove(self, account: str) -> bool:
        """Drop all contacts of an account; whether there were any."""
        return self._accounts.pop(account, None) is not None

    def drop_flow(self, flow: Hop) -> list[str]:
        """Drop the contacts registered over a connection that has closed; the accounts that lost one."""
        lost = []
        for account, bindings in list(self._accounts.items()):
            kept = {key: binding for key, binding in bindings.items() if binding.contact.flow != flow}
            if len(kept) != len(bindings):
                lost.append(account)
                self._store(account, kept)
        return lost

    def expire(self, now_s: float) -> list[str]:
        """Drop what has run out; the accounts that lost a contact."""
        lost = []
        for account, bindings in list(self._accounts.items()):
            kept = {key: binding for key, binding in bindings.items() if binding.contact.expires_at_s > now_s}
            if len(kept) != len(bindings):
                lost.append(account)
                self._store(account, kept)
        return lost

    def next_expiry_s(self) -> float | None:
        """When the next contact runs out, monotonic; None without contacts."""
        return min(
            (binding.contact.expires_at_s for held in self._accounts.values() for binding in held.values()),
            default=None,
        )

    def _plan(
        self,
        plan: dict[str, _Binding],
        address: NameAddr,
        request: Request,
        flow: Hop,
        default_s: int,
        now_s: float,
    ) -> RegisterReply | None:
        if address.uri.scheme not in ("sip", "sips"):
            raise MessageMalformed("Contact is no SIP URI")
        key = str(address.uri)
        old = plan.get(key)
        number = request.cseq.number
        if old is not None and old.call_id == request.call_id and number <= old.number:
            return RegisterReply(500, why="an older REGISTER came late")
        life_s = _seconds(address.params.get("expires"), default_s)
        if life_s == 0:
            plan.pop(key, None)
            return None
        if life_s < self.min_expires_s:
            return RegisterReply(423, (("Min-Expires", str(self.min_expires_s)),), why="the lifetime is too short")
        contact = Contact(
            uri=address.uri_text,
            flow=flow,
            expires_at_s=now_s + min(life_s, self.max_expires_s),
            user_agent=(request.get("User-Agent") or "")[:80],
            q=_q(address.params.get("q")),
        )
        plan[key] = _Binding(contact, request.call_id, number)
        return None

    def _remove_all(self, account: str, request: Request, now_s: float) -> RegisterReply:
        bindings = self._accounts.get(account, {})
        late = any(
            binding.call_id == request.call_id and request.cseq.number <= binding.number
            for binding in bindings.values()
        )
        if late:
            return RegisterReply(500, why="an older REGISTER came late")
        return self._listing(account, now_s, changed=self.remove(account))

    def _store(self, account: str, bindings: dict[str, _Binding]) -> None:
        if bindings:
            self._accounts[account] = bindings
        else:
            self._accounts.pop(account, None)

    def _listing(self, account: str, now_s: float, *, changed: bool) -> RegisterReply:
        lines = tuple(
            ("Contact", f"<{contact.uri}>;expires={max(1, round(contact.expires_at_s - now_s))}")
            for contact in self.contacts(account, now_s)
        )
        return RegisterReply(200, lines, changed)


def _seconds(text: str | None, default_s: int) -> int:
    if text is None:
        return default_s
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise MessageMalformed("an expiry that is no number of seconds")
    return min(int(text[:10]), 2**32 - 1)


def _q(text: str | None) -> float:
    try:
        return min(1.0, max(0.0, float(text))) if text is not None else 1.0
    except ValueError:
        return 1.0
