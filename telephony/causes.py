"""Why a leg ended or never began: one closed list, each with its SIP status and a sentence for people."""

from enum import Enum


class Cause(Enum):
    """The value is (SIP status to answer with or read from, Q.850 cause for the Reason header, Chinese sentence)."""

    NORMAL = (200, 16, "正常结束")
    BUSY = (486, 17, "对方正忙")
    NO_ANSWER = (480, 19, "无人接听")
    REFUSED = (603, 21, "对方拒绝接听")
    CANCELLED = (487, 16, "主叫已放弃")
    NOT_FOUND = (404, 1, "号码不存在")
    GONE = (410, 22, "号码已停用")
    NOT_REGISTERED = (480, 20, "话机未注册")
    FORBIDDEN = (403, 21, "不允许的呼叫")
    NO_COMMON_CODEC = (488, 79, "双方没有共同的语音编码")
    TRUNK_NOT_MATCHED = (403, 21, "来源线路不认识")
    NO_ROUTE = (404, 3, "没有可用的外呼线路")
    TRUNK_FAILED = (503, 41, "线路故障")
    TIMED_OUT = (408, 102, "对方没有响应")
    MALFORMED = (400, 95, "信令格式错误")
    OVERLOADED = (503, 42, "系统繁忙")
    RTP_TIMED_OUT = (200, 111, "长时间收不到语音")
    ACK_MISSING = (200, 111, "对方没有确认接通")
    MEDIA_LOST = (500, 41, "媒体进程中断")
    TRANSFERRED = (200, 16, "已转接")
    SHUT_DOWN = (503, 41, "系统正在停止")
    SERVER_ERROR = (500, 41, "系统内部错误")

    @property
    def sip_status(self) -> int:
        """The final response that says so before the answer."""
        return self.value[0]

    @property
    def q850(self) -> int:
        """ITU-T Q.850 cause value, for ``Reason: Q.850;cause=…`` (RFC 3326)."""
        return self.value[1]

    @property
    def sentence(self) -> str:
        """Shown to people, in Chinese."""
        return self.value[2]


_BY_STATUS = {
    403: Cause.FORBIDDEN,
    404: Cause.NOT_FOUND,
    408: Cause.TIMED_OUT,
    410: Cause.GONE,
    480: Cause.NO_ANSWER,
    484: Cause.NOT_FOUND,
    486: Cause.BUSY,
    487: Cause.CANCELLED,
    488: Cause.NO_COMMON_CODEC,
    503: Cause.TRUNK_FAILED,
    600: Cause.BUSY,
    603: Cause.REFUSED,
    604: Cause.NOT_FOUND,
    606: Cause.NO_COMMON_CODEC,
}
_BY_Q850 = {
    1: Cause.NOT_FOUND,  # unallocated: 空号
    3: Cause.NO_ROUTE,
    16: Cause.NORMAL,
    17: Cause.BUSY,
    18: Cause.NO_ANSWER,
    19: Cause.NO_ANSWER,
    20: Cause.NOT_REGISTERED,  # absent: 关机
    21: Cause.REFUSED,
    22: Cause.GONE,
    27: Cause.TRUNK_FAILED,
    28: Cause.NOT_FOUND,
    34: Cause.TRUNK_FAILED,
    41: Cause.TRUNK_FAILED,
    42: Cause.OVERLOADED,
    102: Cause.TIMED_OUT,
}


def cause_of_response(status: int, q850: int | None = None) -> Cause:
    """What a final response to our INVITE means.

    Args:
        status: the SIP status, 300 to 699.
        q850: from its Reason header (RFC 3326), which is the exchange's own word and therefore goes first.
    """
    if q850 in _BY_Q850 and q850 != Cause.NORMAL.q850:
        return _BY_Q850[q850]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 500 <= status < 600:
        return Cause.TRUNK_FAILED
    return Cause.REFUSED


def cause_of_bye(q850: int | None) -> Cause:
    """What the Reason header of a BYE means; a BYE without one is a normal end."""
    return Cause.NORMAL if q850 is None else _BY_Q850.get(q850, Cause.NORMAL)
