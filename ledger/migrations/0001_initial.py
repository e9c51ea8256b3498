"""The tables and functions of the ledger, by SQL; the models only mirror them."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


def read(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


MIRRORED = [
    migrations.CreateModel(
        name='BalanceRow',
        fields=[
            ('owner', models.UUIDField(verbose_name='owner')),
            ('kind', models.CharField(db_collation='C', max_length=2, verbose_name='kind')),
            ('currency', models.CharField(db_collation='C', max_length=3, verbose_name='currency')),
            ('stripe', models.SmallIntegerField(default=0, verbose_name='stripe')),
            ('within', models.UUIDField(null=True, verbose_name='merchant of an escrow')),
            ('amount', models.BigIntegerField(verbose_name='amount in minor units')),
            ('key', models.TextField(primary_key=True, serialize=False)),
        ],
        options={
            'verbose_name': 'balance',
            'verbose_name_plural': 'balances',
            'db_table': 'ledger_balance_row',
            'managed': False,
        },
    ),
    migrations.CreateModel(
        name='LegRow',
        fields=[
            ('journal', models.UUIDField(verbose_name='journal')),
            ('n', models.SmallIntegerField(verbose_name='leg')),
            ('posting', models.CharField(db_collation='C', max_length=40, verbose_name='posting')),
            ('debit_kind', models.CharField(db_collation='C', max_length=2, verbose_name='debit')),
            ('debit_owner', models.UUIDField(verbose_name='debit owner')),
            ('credit_kind', models.CharField(db_collation='C', max_length=2, verbose_name='credit')),
            ('credit_owner', models.UUIDField(verbose_name='credit owner')),
            ('amount', models.BigIntegerField(verbose_name='amount in minor units')),
            ('currency', models.CharField(db_collation='C', max_length=3, verbose_name='currency')),
            ('at', models.DateTimeField(verbose_name='at')),
            ('key', models.TextField(primary_key=True, serialize=False)),
        ],
        options={
            'verbose_name': 'leg',
            'verbose_name_plural': 'legs',
            'db_table': 'ledger_leg_row',
            'managed': False,
        },
    ),
    migrations.CreateModel(
        name='Balance',
        fields=[
            ('owner', models.UUIDField(verbose_name='owner')),
            ('kind', models.CharField(db_collation='C', max_length=2, verbose_name='kind')),
            ('currency', models.CharField(db_collation='C', max_length=3, verbose_name='currency')),
            ('stripe', models.SmallIntegerField(default=0, verbose_name='stripe')),
            ('within', models.UUIDField(null=True, verbose_name='merchant of an escrow')),
            ('amount', models.BigIntegerField(verbose_name='amount in minor units')),
            ('pk', models.CompositePrimaryKey('owner', 'kind', 'currency', 'stripe', blank=True, editable=False, primary_key=True, serialize=False)),
        ],
        options={
            'verbose_name': 'balance',
            'verbose_name_plural': 'balances',
        },
    ),
    migrations.CreateModel(
        name='Leg',
        fields=[
            ('journal', models.UUIDField(verbose_name='journal')),
            ('n', models.SmallIntegerField(verbose_name='leg')),
            ('posting', models.CharField(db_collation='C', max_length=40, verbose_name='posting')),
            ('debit_kind', models.CharField(db_collation='C', max_length=2, verbose_name='debit')),
            ('debit_owner', models.UUIDField(verbose_name='debit owner')),
            ('credit_kind', models.CharField(db_collation='C', max_length=2, verbose_name='credit')),
            ('credit_owner', models.UUIDField(verbose_name='credit owner')),
            ('amount', models.BigIntegerField(verbose_name='amount in minor units')),
            ('currency', models.CharField(db_collation='C', max_length=3, verbose_name='currency')),
            ('at', models.DateTimeField(verbose_name='at')),
            ('pk', models.CompositePrimaryKey('journal', 'n', blank=True, editable=False, primary_key=True, serialize=False)),
        ],
        options={
            'verbose_name': 'leg',
            'verbose_name_plural': 'legs',
            'indexes': [models.Index(fields=['debit_owner', 'journal'], name='ledger_leg_debits'), models.Index(fields=['credit_owner', 'journal'], name='ledger_leg_credits')],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [read("tables.sql"), read("post.sql"), read("lock.sql")], [read("undo.sql")]
                )
            ],
            state_operations=MIRRORED,
        ),
    ]
