import common.all_at_once
import common.clock
import common.ids
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('merchants', '0001_initial'),
        ('orders', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='PaymentCode',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('digest', models.BinaryField(max_length=32, unique=True)),
                    ('pin_above_minor', models.BigIntegerField(blank=True, null=True)),
                    ('pin_after_uses', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('expires_at', models.DateTimeField(verbose_name='ends')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                    ('outcome', models.CharField(blank=True, choices=[('used', 'Paid'), ('refused', 'Refused'), ('replaced', 'Replaced by a newer one')], default='', max_length=8)),
                    ('reason', models.CharField(blank=True, default='', max_length=40)),
                    ('merchant', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                    ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                    ('payment_id', models.UUIDField(blank=True, null=True)),
                ],
                options={
                    'verbose_name': 'payment code',
                    'verbose_name_plural': 'payment codes',
                    'indexes': [models.Index(fields=['buyer', '-id'], name='payment_code_of_buyer')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('buyer',), name='payment_code_one_lives'), models.UniqueConstraint(condition=models.Q(('payment_id__isnull', False)), fields=('payment_id',), name='payment_code_one_payment'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('outcome', '')), models.Q(('ended_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='payment_code_ends_once')],
                },
            ), migrations.CreateModel(
                name='BuyerPin',
                fields=[
                    ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='pin', serialize=False, to=settings.AUTH_USER_MODEL)),
                    ('pin_hash', models.CharField(max_length=128)),
                    ('ask_above_minor', models.BigIntegerField(default=50000, verbose_name='asked above')),
                    ('ask_after_uses', models.PositiveSmallIntegerField(default=5, verbose_name='asked after so many payments a day')),
                    ('wrong_count', models.PositiveSmallIntegerField(default=0)),
                    ('locked_until', models.DateTimeField(blank=True, null=True)),
                    ('changed_at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': 'PIN of a buyer',
                    'verbose_name_plural': 'PINs of buyers',
                },
            ), migrations.CreateModel(
                name='CodeGuess',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.merchant')),
                    ('at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': 'guess at a payment code',
                    'verbose_name_plural': 'guesses at payment codes',
                    'indexes': [models.Index(fields=['merchant', 'at'], name='guess_of_merchant'), models.Index(fields=['at'], name='guess_at')],
                },
            ), migrations.CreateModel(
                name='GivenUpSale',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.merchant')),
                    ('reference', models.CharField(max_length=64)),
                    ('at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': 'sale that was given up',
                    'verbose_name_plural': 'sales that were given up',
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'reference'), name='given_up_once')],
                },
            ), migrations.CreateModel(
                name='Payment',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                    ('kind', models.CharField(choices=[('order', 'Order'), ('top_up', 'Top-up'), ('till', 'At the till')], max_length=6, verbose_name='for')),
                    ('merchant', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='merchants.merchant', verbose_name='merchant')),
                    ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='orders.order', verbose_name='order')),
                    ('payer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL, verbose_name='payer')),
                    ('source', models.CharField(max_length=20, verbose_name='source')),
                    ('state', django_fsm.FSMField(choices=[('pending', 'On its way'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('unknown', 'Outcome not known yet'), ('reversed', 'Reversed'), ('refunded', 'Refunded')], default='pending', max_length=50, protected=True, verbose_name='state')),
                    ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                    ('deduction_minor', models.BigIntegerField(default=0, verbose_name='deduction')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('received_minor', models.BigIntegerField(default=0, verbose_name='received')),
                    ('returned_minor', models.BigIntegerField(default=0, verbose_name='returned')),
                    ('consent', models.BooleanField(default=False, verbose_name='agreed to become a customer')),
                    ('channel', models.CharField(default='api', max_length=20, verbose_name='channel')),
                    ('scenario', models.CharField(blank=True, default='', max_length=40, verbose_name='sandbox scenario')),
                    ('till_reference', models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name="the till's reference")),
                    ('lines', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, verbose_name='lines')),
                    ('campaign_name', models.CharField(blank=True, db_default='', default='', max_length=80, verbose_name='coupon')),
                    ('platform_minor', models.BigIntegerField(db_default=0, default=0, verbose_name='paid by the platform')),
                    ('fee_minor', models.BigIntegerField(db_default=0, default=0, verbose_name='fee')),
                    ('reserved_journal', models.UUIDField(blank=True, default=None, null=True)),
                    ('released_journal', models.UUIDField(blank=True, default=None, null=True)),
                    ('provider_reference', models.CharField(blank=True, default='', max_length=120, verbose_name="provider's reference")),
                    ('redirect_url', models.CharField(blank=True, default='', max_length=500, verbose_name="provider's page")),
                    ('failure_code', models.CharField(blank=True, default='', max_length=40, verbose_name='why it failed')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled')),
                    ('ask_at', models.DateTimeField(blank=True, null=True, verbose_name='ask the provider at')),
                    ('asked_times', models.PositiveSmallIntegerField(default=0, verbose_name='times asked')),
                ],
                options={
                    'verbose_name': 'payment',
                    'verbose_name_plural': 'payments',
                    'indexes': [models.Index(condition=models.Q(('merchant__isnull', False)), fields=['merchant', '-id'], name='payment_of_merchant'), models.Index(fields=['payer', '-id'], name='payment_of_payer'), models.Index(condition=models.Q(('ask_at__isnull', False)), fields=['ask_at'], name='payment_to_ask')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('deduction_minor__gte', 0), ('deduction_minor__lte', models.F('amount_minor')), ('platform_minor__in', (0, models.F('deduction_minor'))), ('fee_minor__gte', 0)), name='payment_amounts_in_range'), models.CheckConstraint(condition=models.Q(('returned_minor__gte', 0), ('returned_minor__lte', models.F('received_minor'))), name='payment_returns_at_most_what_came'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'order'), ('merchant__isnull', False), ('order__isnull', False)), models.Q(('kind', 'top_up'), ('merchant__isnull', True), ('order__isnull', True)), models.Q(('kind', 'till'), ('merchant__isnull', False), ('order__isnull', True)), _connector='OR'), name='payment_belongs_somewhere'), models.UniqueConstraint(condition=models.Q(('kind', 'till')), fields=('merchant', 'till_reference'), name='payment_once_a_reference'), models.UniqueConstraint(condition=models.Q(('state__in', ('succeeded', 'reversed', 'refunded'))), fields=('order',), name='payment_one_counts')],
                },
            ), migrations.CreateModel(
                name='Return',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                    ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='payments.payment', verbose_name='payment')),
                    ('cause', models.CharField(max_length=60, verbose_name='cause')),
                    ('state', django_fsm.FSMField(choices=[('sending', 'On its way'), ('succeeded', 'Arrived'), ('failed', 'Failed'), ('unknown', 'Outcome not known yet')], default='sending', max_length=50, protected=True, verbose_name='state')),
                    ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('settled_journal', models.UUIDField(default=common.ids.new_id, verbose_name='journal')),
                    ('provider_reference', models.CharField(blank=True, default='', max_length=120, verbose_name="provider's reference")),
                    ('failure_code', models.CharField(blank=True, default='', max_length=40, verbose_name='why it failed')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled')),
                    ('ask_at', models.DateTimeField(blank=True, null=True, verbose_name='ask the provider at')),
                    ('asked_times', models.PositiveSmallIntegerField(default=0, verbose_name='times asked')),
                ],
                options={
                    'verbose_name': 'return',
                    'verbose_name_plural': 'returns',
                    'indexes': [models.Index(condition=models.Q(('ask_at__isnull', False)), fields=['ask_at'], name='return_to_ask')],
                    'constraints': [models.UniqueConstraint(fields=('payment', 'cause'), name='return_once_per_cause'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='return_amount_positive')],
                },
            ), migrations.CreateModel(
                name='SandboxCharge',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                    ('key', models.UUIDField(unique=True, verbose_name='key')),
                    ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('scenario', models.CharField(max_length=40, verbose_name='sandbox scenario')),
                    ('outcome', models.CharField(default='open', max_length=10, verbose_name='outcome')),
                    ('captured_minor', models.BigIntegerField(default=0, verbose_name='captured')),
                    ('refunded_minor', models.BigIntegerField(default=0, verbose_name='returned')),
                    ('return_url', models.CharField(max_length=500, verbose_name='return address')),
                    ('callback_url', models.CharField(max_length=500, verbose_name='callback address')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('visible_at', models.DateTimeField(default=common.clock.now, verbose_name='visible from')),
                    ('callback_due_at', models.DateTimeField(null=True, verbose_name='callback due')),
                    ('callbacks_left', models.PositiveSmallIntegerField(default=0, verbose_name='callbacks left')),
                    ('callback_attempts', models.PositiveSmallIntegerField(default=0, verbose_name='callback attempts')),
                ],
                options={
                    'verbose_name': 'sandbox charge',
                    'verbose_name_plural': 'sandbox charges',
                    'indexes': [models.Index(condition=models.Q(('callback_due_at__isnull', False)), fields=['callback_due_at'], name='sandbox_callback_due')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('refunded_minor__lte', models.F('captured_minor'))), name='sandbox_refunds_at_most_captured')],
                },
            ), migrations.CreateModel(
                name='SandboxRefund',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('key', models.UUIDField(unique=True)),
                    ('charge', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refunds', to='payments.sandboxcharge')),
                    ('amount_minor', models.BigIntegerField()),
                    ('outcome', models.CharField(max_length=10)),
                    ('created_at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': 'sandbox refund',
                    'verbose_name_plural': 'sandbox refunds',
                },
            )],
        ),
    ]
