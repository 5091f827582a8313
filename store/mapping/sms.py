"""Maps the messages room's classes."""

from sms.messages import OptOut, SmsMessage, SmsReceipt, SmsReply
from store.tables import sms as tables
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Join classes and tables; once in a process."""
    message = tables.sms_message
    mapper_registry.map_imperatively(
        SmsMessage, message, properties={"to": message.c.to_number}, version_id_col=message.c.version
    )
    mapper_registry.map_imperatively(SmsReceipt, tables.sms_receipt)
    mapper_registry.map_imperatively(SmsReply, tables.sms_reply)
    mapper_registry.map_imperatively(OptOut, tables.opt_out)
