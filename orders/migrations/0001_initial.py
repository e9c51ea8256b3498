import common.all_at_once
import common.clock
import common.ids
import common.search
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django_fsm
import orders.models.numbers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('common', '0002_grams'),
        ('merchants', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='Product',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='merchants.merchant', verbose_name='merchant')),
                    ('name', models.CharField(max_length=120, verbose_name='name')),
                    ('price_minor', models.BigIntegerField(verbose_name='price')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('redeem_by', models.CharField(choices=[('call', 'By a phone call'), ('code', "By showing the item's code"), ('none', 'Needs no redemption')], max_length=4, verbose_name='redeemed')),
                    ('stock', models.IntegerField(blank=True, null=True, verbose_name='stock')),
                    ('image', models.URLField(blank=True, default='', max_length=500, verbose_name="picture's address")),
                    ('archived_at', models.DateTimeField(blank=True, null=True, verbose_name='archived')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'product',
                    'verbose_name_plural': 'products',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='product_of_merchant')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('stock__gte', 0)), name='product_stock_not_negative'), models.CheckConstraint(condition=models.Q(('price_minor__gte', 1), ('price_minor__lte', 999999999)), name='product_price_in_range')],
                },
            ), migrations.CreateModel(
                name='PrintedCode',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='printed_codes', to='merchants.merchant', verbose_name='merchant')),
                    ('kind', models.CharField(choices=[('table', 'Table'), ('counter', 'Counter')], max_length=10, verbose_name='kind')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('token', models.CharField(default=common.ids.new_token, max_length=32, unique=True, verbose_name='address')),
                    ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='retired')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('products', models.ManyToManyField(blank=True, related_name='+', to='orders.product', verbose_name='only these products')),
                ],
                options={
                    'verbose_name': 'printed code',
                    'verbose_name_plural': 'printed codes',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='code_of_merchant')],
                },
            ), migrations.CreateModel(
                name='Scan',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('code', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scans', to='orders.printedcode')),
                    ('visitor', models.CharField(max_length=32)),
                    ('day', models.DateField()),
                ],
                options={
                    'verbose_name': 'scan',
                    'verbose_name_plural': 'scans',
                    'constraints': [models.UniqueConstraint(fields=('code', 'day', 'visitor'), name='scan_once_a_day')],
                },
            ), migrations.CreateModel(
                name='Order',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='merchants.merchant', verbose_name='merchant')),
                    ('buyer', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL, verbose_name='buyer')),
                    ('number', models.CharField(max_length=8, verbose_name='number')),
                    ('state', django_fsm.FSMField(choices=[('placed', 'Waiting for payment'), ('paid', 'Paid'), ('redeemed', 'Redeemed'), ('cancelled', 'Cancelled'), ('expired', 'Expired'), ('refunded', 'Refunded')], default='placed', max_length=50, protected=True, verbose_name='state')),
                    ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='note')),
                    ('live_token', models.CharField(default=common.ids.new_token, max_length=32, unique=True)),
                    ('page_token', models.CharField(default=common.ids.new_token, max_length=32, unique=True)),
                    ('channel', models.CharField(default='api', max_length=20, verbose_name='channel')),
                    ('printed_code', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='orders', to='orders.printedcode', verbose_name='printed code')),
                    ('awaits_redemption', models.BooleanField(default=True, verbose_name='awaits redemption')),
                    ('awaits_release', models.BooleanField(default=False, verbose_name='awaits release')),
                    ('awaits_call', models.BooleanField(default=False, verbose_name='awaits a call')),
                    ('service_number', models.CharField(blank=True, default='', max_length=16, verbose_name='service number')),
                    ('placed_at', models.DateTimeField(default=common.clock.now, verbose_name='placed')),
                    ('expires_at', models.DateTimeField(verbose_name='to be paid by')),
                    ('scanned_at', models.DateTimeField(blank=True, null=True, verbose_name='first scanned')),
                    ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='confirmed')),
                    ('paid_at', models.DateTimeField(blank=True, null=True, verbose_name='paid')),
                    ('redeem_until', models.DateTimeField(blank=True, null=True, verbose_name='to be redeemed by')),
                    ('unredeemed', models.CharField(blank=True, choices=[('refund', 'Goes back to the buyer'), ('keep', 'The merchant keeps it')], db_default='', default='', max_length=6, verbose_name='what is not redeemed in time')),
                    ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ],
                options={
                    'verbose_name': 'order',
                    'verbose_name_plural': 'orders',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='order_of_merchant'), models.Index(fields=['merchant', 'state', '-id'], name='order_by_state'), models.Index(fields=['merchant', 'number'], name='order_by_number'), models.Index(condition=models.Q(('buyer__isnull', False)), fields=['buyer', '-id'], name='order_of_buyer'), models.Index(condition=models.Q(('state', 'placed')), fields=['expires_at'], name='order_unpaid'), models.Index(condition=models.Q(('awaits_redemption', True), ('state', 'paid')), fields=['redeem_until'], name='order_unredeemed'), models.Index(condition=models.Q(('printed_code__isnull', False)), fields=['printed_code', '-id'], name='order_of_code'), django.contrib.postgres.indexes.GinIndex(common.search.Grams('note'), condition=models.Q(('note__gt', '')), name='order_note_grams')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='order_amount_positive'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'expired'), _negated=True), ('paid_at__isnull', True), ('closed_at__gte', models.F('redeem_until')), _connector='OR'), name='order_paid_lapses_late')],
                },
            ), migrations.CreateModel(
                name='Item',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='orders.order')),
                    ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='orders.product', verbose_name='product')),
                    ('product_name', models.CharField(max_length=120, verbose_name='product')),
                    ('redeem_by', models.CharField(choices=[('call', 'By a phone call'), ('code', "By showing the item's code"), ('none', 'Needs no redemption')], max_length=4, verbose_name='redeemed by')),
                    ('code', models.CharField(default=common.ids.new_digit_code, max_length=16, unique=True, verbose_name='code')),
                    ('state', django_fsm.FSMField(choices=[('issued', 'Issued'), ('redeemed', 'Redeemed'), ('refunded', 'Refunded')], default='issued', max_length=50, protected=True, verbose_name='state')),
                    ('price_minor', models.BigIntegerField(verbose_name='price')),
                    ('deduction_minor', models.BigIntegerField(default=0, verbose_name='deduction')),
                    ('platform_minor', models.BigIntegerField(default=0)),
                    ('from_stock', models.BooleanField(default=False)),
                    ('redeemed_at', models.DateTimeField(blank=True, null=True, verbose_name='redeemed')),
                    ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='money released')),
                    ('refunded_at', models.DateTimeField(blank=True, null=True, verbose_name='refunded')),
                    ('held_at', models.DateTimeField(blank=True, null=True, verbose_name='held')),
                    ('release_due_at', models.DateTimeField(blank=True, null=True)),
                    ('release_journal', models.UUIDField(default=common.ids.new_id)),
                ],
                options={
                    'verbose_name': 'item',
                    'verbose_name_plural': 'items',
                    'indexes': [models.Index(condition=models.Q(('release_due_at__isnull', False), ('released_at__isnull', True), ('state', 'issued')), fields=['release_due_at'], name='item_release_due')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('deduction_minor__gte', 0), ('deduction_minor__lte', models.F('price_minor')), ('platform_minor__gte', 0), ('platform_minor__lte', models.F('deduction_minor'))), name='item_deduction_in_range'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'redeemed'), _negated=True), ('released_at__isnull', False), _connector='OR'), name='item_redeemed_is_released')],
                },
            ), migrations.CreateModel(
                name='CallRules',
                fields=[
                    ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='call_rules', serialize=False, to='merchants.merchant')),
                    ('answered_only', models.BooleanField(default=True, verbose_name='only answered calls')),
                    ('least_seconds', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(3600)], verbose_name='shortest talk in seconds')),
                    ('within_hours', models.PositiveIntegerField(blank=True, null=True, verbose_name='hours after payment in which a call redeems')),
                    ('tolerance_seconds', models.PositiveIntegerField(default=5, validators=[django.core.validators.MaxValueValidator(600)], verbose_name='seconds that a clock may be off')),
                    ('least_trust', models.PositiveSmallIntegerField(choices=[(1, 'As the caller claims'), (2, 'From a known trunk'), (3, 'Verified by the network')], default=1, verbose_name="least trust in the caller's number")),
                    ('switchboards', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), blank=True, default=list, size=None, verbose_name='switchboards')),
                    ('cool_down_hours', models.PositiveIntegerField(default=24, validators=[django.core.validators.MaxValueValidator(2160)], verbose_name='hours before a number serves the same buyer again')),
                ],
                options={
                    'verbose_name': 'rules of calls',
                    'verbose_name_plural': 'rules of calls',
                },
            ), migrations.CreateModel(
                name='PhoneFeed',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phone_feeds', to='merchants.merchant', verbose_name='merchant')),
                    ('kind', models.CharField(max_length=20, verbose_name='kind')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('settings', models.JSONField(default=dict)),
                    ('credentials_sealed', models.BinaryField()),
                    ('trust', models.PositiveSmallIntegerField(choices=[(1, 'As the caller claims'), (2, 'From a known trunk'), (3, 'Verified by the network')], default=1, verbose_name="trust in its callers' numbers")),
                    ('poll_seconds', models.PositiveIntegerField(default=5, verbose_name='seconds between polls')),
                    ('cursor', models.JSONField(default=dict)),
                    ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due')),
                    ('polled_at', models.DateTimeField(blank=True, null=True, verbose_name='last asked')),
                    ('last_record_at', models.DateTimeField(blank=True, null=True, verbose_name='last call')),
                    ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                    ('error', models.CharField(blank=True, default='', max_length=500, verbose_name='last error')),
                    ('caught_up_at', models.DateTimeField(blank=True, null=True, verbose_name='everything was read up to')),
                    ('rejected', models.JSONField(blank=True, default=dict, verbose_name='records that could not be read')),
                    ('rejected_from', models.DateTimeField(blank=True, null=True, verbose_name='counted since')),
                    ('rejected_at', models.DateTimeField(blank=True, null=True, verbose_name='last record that could not be read')),
                    ('rejected_marks', models.JSONField(blank=True, default=list)),
                    ('refused_at', models.DateTimeField(blank=True, null=True, verbose_name='last push refused')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ],
                options={
                    'verbose_name': 'feed of calls',
                    'verbose_name_plural': 'feeds of calls',
                    'indexes': [models.Index(condition=models.Q(('due_at__isnull', False), ('ended_at', None)), fields=['due_at'], name='feed_due')],
                },
            ), migrations.CreateModel(
                name='CallRecord',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='call_records', to='merchants.merchant', verbose_name='merchant')),
                    ('feed', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to='orders.phonefeed', verbose_name='feed')),
                    ('provider', models.CharField(max_length=40, verbose_name='provider')),
                    ('call_id', models.CharField(max_length=200, verbose_name="the provider's id")),
                    ('kind', models.CharField(choices=[('call', 'Call'), ('sms', 'Text message')], default='call', max_length=4, verbose_name='kind')),
                    ('caller', models.CharField(blank=True, default='', max_length=16, verbose_name='caller')),
                    ('called', models.CharField(blank=True, default='', max_length=16, verbose_name='called')),
                    ('caller_digits', models.BigIntegerField(blank=True, null=True)),
                    ('called_digits', models.BigIntegerField(blank=True, null=True)),
                    ('started_at', models.DateTimeField(verbose_name='began')),
                    ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                    ('trust', models.PositiveSmallIntegerField(choices=[(1, 'As the caller claims'), (2, 'From a known trunk'), (3, 'Verified by the network')], default=1, verbose_name='trust')),
                    ('received_at', models.DateTimeField(default=common.clock.now, verbose_name='came in')),
                    ('state', django_fsm.FSMField(choices=[('waiting', 'To be looked at'), ('redeemed', 'Redeemed'), ('unmatched', 'Unmatched'), ('ignored', 'Ignored')], default='waiting', max_length=50, protected=True, verbose_name='state')),
                    ('reason', models.CharField(blank=True, choices=[('no_binding', 'No order waits for this number and caller'), ('caller_withheld', "The caller's number was withheld"), ('outside_window', 'Not in the time of the order'), ('order_not_paid', 'The order is not paid'), ('switchboard', 'A switchboard that many call from'), ('not_trusted', "The caller's number is not sure enough"), ('not_ended', 'Still talking'), ('not_answered', 'Not answered'), ('too_short', 'Too short'), ('already_redeemed', 'Redeemed before'), ('order_refunded', 'The order was refunded'), ('order_expired', 'The order has expired'), ('held', 'The buyer has objected')], default='', max_length=20, verbose_name='reason')),
                    ('order', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='orders.order', verbose_name='order')),
                    ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ],
                options={
                    'verbose_name': 'call record',
                    'verbose_name_plural': 'call records',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='call_of_merchant'), models.Index(fields=['merchant', 'state', '-id'], name='call_by_state'), models.Index(condition=models.Q(('state', 'waiting')), fields=['id'], name='call_waiting'), models.Index(condition=models.Q(('state', 'unmatched')), fields=['caller_digits', 'called_digits'], name='call_unmatched_pair'), models.Index(condition=models.Q(('order__isnull', False)), fields=['order'], name='call_of_order')],
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'provider', 'call_id'), name='call_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'redeemed'), _negated=True), ('order__isnull', False), _connector='OR'), name='call_redeemed_has_order')],
                },
            ), migrations.CreateModel(
                name='ServiceNumber',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='service_numbers', to='merchants.merchant', verbose_name='merchant')),
                    ('number', models.CharField(max_length=16, verbose_name='number')),
                    ('digits', models.BigIntegerField()),
                    ('place', models.BigIntegerField(default=orders.models.numbers.new_place)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='retired')),
                ],
                options={
                    'verbose_name': 'service number',
                    'verbose_name_plural': 'service numbers',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='number_of_merchant'), models.Index(condition=models.Q(('retired_at', None)), fields=['merchant', 'place'], name='number_to_allocate')],
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'digits'), name='number_once_a_merchant')],
                },
            ), migrations.CreateModel(
                name='Binding',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                    ('service_number', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='orders.servicenumber')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='orders.order')),
                    ('number_digits', models.BigIntegerField()),
                    ('buyer_digits', models.BigIntegerField()),
                    ('valid_from', models.DateTimeField(verbose_name='from')),
                    ('valid_until', models.DateTimeField(verbose_name='until')),
                    ('held_until', models.DateTimeField(verbose_name='held until')),
                    ('end_reason', models.CharField(blank=True, choices=[('redeemed', 'Redeemed'), ('refunded', 'Refunded'), ('expired', 'Expired')], default='', max_length=10, verbose_name='why it ended')),
                ],
                options={
                    'verbose_name': 'binding of a number',
                    'verbose_name_plural': 'bindings of numbers',
                    'indexes': [models.Index(fields=['buyer_digits', 'number_digits'], name='binding_of_pair'), models.Index(fields=['service_number', 'held_until'], name='binding_of_number'), models.Index(fields=['merchant', 'held_until'], name='binding_of_merchant')],
                    'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(orders.models.numbers._Alone('number_digits'), '&&'), (orders.models.numbers._Alone('buyer_digits'), '&&'), (orders.models.numbers._Between(models.F('valid_from'), models.F('held_until')), '&&')], name='binding_pair_alone'), models.CheckConstraint(condition=models.Q(('valid_from__lte', models.F('valid_until')), ('valid_until__lte', models.F('held_until'))), name='binding_times_in_order'), models.UniqueConstraint(condition=models.Q(('end_reason', '')), fields=('order',), name='binding_live_once')],
                },
            ), migrations.CreateModel(
                name='Objection',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant')),
                    ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='objections', to='orders.order', verbose_name='order')),
                    ('state', django_fsm.FSMField(choices=[('waiting', 'Waits for the merchant'), ('upheld', 'The buyer was right'), ('dismissed', 'The redemption stands')], default='waiting', max_length=50, protected=True, verbose_name='state')),
                    ('is_held', models.BooleanField(default=True, verbose_name='money held')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                    ('note', models.CharField(blank=True, default='', max_length=300, verbose_name='note')),
                ],
                options={
                    'verbose_name': 'objection',
                    'verbose_name_plural': 'objections',
                    'indexes': [models.Index(fields=['merchant', 'state', '-id'], name='objection_of_merchant'), models.Index(fields=['order', '-id'], name='objection_of_order'), models.Index(condition=models.Q(('is_held', True), ('state', 'waiting')), fields=['created_at'], name='objection_unanswered')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('order',), name='objection_waits_once')],
                },
            ), migrations.CreateModel(
                name='Undoing',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='undoings', to='orders.item', verbose_name='item')),
                    ('release_journal', models.UUIDField(unique=True)),
                    ('redeemed_at', models.DateTimeField(verbose_name='redeemed')),
                    ('gross_minor', models.BigIntegerField(verbose_name='amount')),
                    ('objection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undoings', to='orders.objection')),
                    ('reason', models.CharField(blank=True, default='', max_length=300, verbose_name='reason')),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='at')),
                ],
                options={
                    'verbose_name': 'undone redemption',
                    'verbose_name_plural': 'undone redemptions',
                },
            )],
        ),
    ]
