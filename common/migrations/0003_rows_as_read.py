"""What refuses a statement that did not find all rows that it was to save (common/rows.py)."""

from __future__ import annotations

from django.db import migrations

CREATE = """
CREATE FUNCTION rows_as_read(there bigint, wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF there <> wanted THEN
        RAISE EXCEPTION USING ERRCODE = 'LT005', MESSAGE = there || ' rows of ' || wanted || ' as they were read';
    END IF;
    RETURN true;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("common", "0002_grams")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION rows_as_read(bigint, bigint)")]
