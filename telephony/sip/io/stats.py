"""What the endpoint counts, for /metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SipStats:
    """Counters since the start, and gauges of now.

    Attributes:
        received, sent: messages.
        malformed: messages that could not be read.
        dropped: requests without answer (policy, stray ACKs), responses without request.
        retransmitted: by us, and requests that came again.
        challenged, wrong_passwords: digest.
        refused_overload: 503 for full tables.
        invites_in, invites_out: calls begun.
        server_transactions, client_transactions, dialogs, registered_accounts, tcp_connections, timers: now.
    """

    received: int
    sent: int
    malformed: int
    dropped: int
    retransmitted: int
    challenged: int
    wrong_passwords: int
    refused_overload: int
    invites_in: int
    invites_out: int
    server_transactions: int
    client_transactions: int
    dialogs: int
    registered_accounts: int
    tcp_connections: int
    timers: int
