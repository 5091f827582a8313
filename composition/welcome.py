"""What a newcomer is told when the server has started: where to point a softphone, the accounts, what to dial."""

from pathlib import Path

from composition.first_start import PASSWORDS, Passwords
from composition.hotline import Started
from vocabulary.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 compared with, not bound


def welcome(settings: Settings, passwords: Passwords, started: Started, file: Path, *, secure: bool) -> str:
    """The text; a password is in it only at the start at which it was made."""
    address = settings.sip.advertised_address or settings.sip.bind
    api_host = address if settings.api.bind == EVERYWHERE else settings.api.bind
    lines = [
        "",
        f"暖线 Nuanxian 已启动 · running · 设置 settings: {file}",
        f"  SIP   {address}:{started.sip_port} UDP{'+TCP' if settings.sip.tcp else ''}   SDP: {address}",
        f"  API   {'https' if secure else 'http'}://{api_host}:{settings.api.port}/docs",
        "",
        "  把软电话指向上面的 SIP 地址 · point a softphone at the SIP address:",
    ]
    for account in settings.accounts:
        kept = f"密码在 password in {settings.data_folder / PASSWORDS}"
        password = passwords.accounts[account.username]
        shown = f"密码 password {password}" if account.username in passwords.fresh else kept
        lines.append(f"    {account.username:<8} {shown}   {_role(account.username, account.seat, settings)}")
    for name, password in started.users.items():
        lines.append(f"    API 用户 user {name}  密码 password {password}  (只显示这一次 shown once)")
    number = settings.sip.hotline_numbers[0] if settings.sip.hotline_numbers else "-"
    outbound = (
        "只有模拟线路 simulated only" if all(t.kind == "sim" for t in settings.trunks) else "真实线路 real trunks"
    )
    lines += [
        "",
        "  坐席话机拨 dial from a seat:  *11 签入 sign in   *12 小休 break   *13 置闲 free   *14 签出 sign out",
        f"  用户拨 dial as the user:      {number}   (问候时按 1 = 燃气漏气 key 1 = gas leak)",
        f"  外呼线路 outbound: {outbound} · 短信 SMS: {settings.sms.driver}",
        "  Ctrl-C 停止 stops.",
        "",
    ]
    return "\n".join(lines)


def _role(username: str, seat: bool, settings: Settings) -> str:
    if seat:
        return "坐席 seat"
    numbers = [line.number for trunk in settings.trunks for line in trunk.lines if line.account == username]
    return f"模拟用户 plays the user {numbers[0] or ''}" if numbers else "话机 phone"
