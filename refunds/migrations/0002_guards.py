"""The ways that a refund's state may take, and a list of reputation that only grows: held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

REFUND_STEPS = [
    ("waiting_for_merchant", "approved"),
    ("waiting_for_merchant", "rejected"),
    ("approved", "refunded"),
    ("approved", "failed"),
    ("failed", "approved"),
    ("rejected", "escalated"),
    ("escalated", "approved"),
    ("escalated", "rejected"),
]

APPEND_ONLY = """
CREATE FUNCTION reputation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what counts towards a reputation is never changed: % refused', TG_OP
        USING ERRCODE = 'LT003', HINT = 'Add an adjustment with its reason.';
END
$$;
CREATE TRIGGER reputation_append_only BEFORE UPDATE OR DELETE ON refunds_reputationevent
    FOR EACH ROW EXECUTE FUNCTION reputation_refuse_change();
"""

CHANGEABLE = """
DROP TRIGGER reputation_append_only ON refunds_reputationevent;
DROP FUNCTION reputation_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("refunds", "0001_initial")]
    operations: ClassVar = [
        guard("refunds_refund", REFUND_STEPS),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
    ]
