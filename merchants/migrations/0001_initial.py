import common.all_at_once
import common.clock
import common.ids
import common.search
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('common', '0002_grams'),
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='Person',
                fields=[
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('email', models.EmailField(blank=True, max_length=254, null=True, unique=True, verbose_name='e-mail address')),
                    ('phone', models.CharField(blank=True, max_length=16, null=True, unique=True, verbose_name='phone')),
                    ('phone_verified', models.BooleanField(default=False, verbose_name='phone verified')),
                    ('name', models.CharField(blank=True, default='', max_length=120, verbose_name='name')),
                    ('language', models.CharField(blank=True, default='', max_length=10, verbose_name='language')),
                    ('is_staff', models.BooleanField(default=False, verbose_name='staff')),
                    ('is_active', models.BooleanField(default=True, verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=common.clock.now, verbose_name='joined')),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'verbose_name': 'person',
                    'verbose_name_plural': 'people',
                    'indexes': [django.contrib.postgres.indexes.GinIndex(common.search.Grams('name'), condition=models.Q(('name__gt', '')), name='person_name_grams')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('email__isnull', False), ('phone__isnull', False), _connector='OR'), name='person_reachable'), models.CheckConstraint(condition=models.Q(('phone__isnull', True), ('phone__regex', '^\\+[1-9][0-9]{6,14}$'), _connector='OR'), name='person_phone_e164')],
                },
            ), migrations.CreateModel(
                name='Merchant',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
                    ('name', models.CharField(max_length=120, verbose_name='name')),
                    ('currency', models.CharField(default='CNY', max_length=3, verbose_name='currency')),
                    ('region', models.CharField(default='CN', max_length=2, verbose_name='region of phone numbers')),
                    ('pay_within_seconds', models.PositiveIntegerField(default=1800, validators=[django.core.validators.MinValueValidator(60)], verbose_name='seconds to pay an order')),
                    ('redeem_within_days', models.PositiveIntegerField(default=90, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='days to redeem')),
                    ('holding_seconds', models.PositiveIntegerField(default=604800, verbose_name='seconds before money for unredeemable goods is released')),
                    ('unredeemed', models.CharField(choices=[('refund', 'Goes back to the buyer'), ('keep', 'The merchant keeps it')], default='refund', max_length=6, verbose_name='what is not redeemed in time')),
                    ('undo_within_seconds', models.PositiveIntegerField(default=900, verbose_name='seconds in which a redemption can be undone')),
                    ('fee_basis_points', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(5000)], verbose_name="platform's fee in basis points")),
                    ('contact_name', models.CharField(blank=True, default='', max_length=120, verbose_name="contact's name")),
                    ('contact_phone', models.CharField(blank=True, default='', max_length=30, verbose_name="contact's phone")),
                    ('contact_note', models.CharField(blank=True, default='', max_length=300, verbose_name='a line for the contact card')),
                    ('stopped_reason', models.CharField(blank=True, default='', max_length=300, verbose_name='why staff stopped it')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'merchant',
                    'verbose_name_plural': 'merchants',
                },
            ), migrations.CreateModel(
                name='Member',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='merchants.merchant', verbose_name='merchant')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('cashier', 'Cashier')], max_length=10, verbose_name='role')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('last_assigned_at', models.DateTimeField(blank=True, null=True, verbose_name='last assigned a customer')),
                ],
                options={
                    'verbose_name': 'member',
                    'verbose_name_plural': 'members',
                    'constraints': [models.UniqueConstraint(fields=('merchant', 'person'), name='member_once')],
                },
            ), migrations.CreateModel(
                name='Invitation',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='merchants.merchant', verbose_name='merchant')),
                    ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('cashier', 'Cashier')], max_length=10, verbose_name='role')),
                    ('language', models.CharField(blank=True, default='', max_length=10, verbose_name='language')),
                    ('token_hash', models.BinaryField(max_length=32, unique=True)),
                    ('token_sealed', models.BinaryField(blank=True, null=True)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('expires_at', models.DateTimeField(verbose_name='ends')),
                    ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted')),
                    ('send_at', models.DateTimeField(blank=True, default=common.clock.now, null=True, verbose_name='due')),
                    ('send_attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ],
                options={
                    'verbose_name': 'invitation',
                    'verbose_name_plural': 'invitations',
                    'indexes': [models.Index(condition=models.Q(('send_at__isnull', False)), fields=['send_at'], name='invitation_to_send')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at__isnull', True)), fields=('merchant', 'email'), name='invitation_open_once')],
                },
            ), migrations.CreateModel(
                name='App',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='apps', to='merchants.merchant', verbose_name='owner')),
                    ('name', models.CharField(max_length=120, verbose_name='name')),
                    ('webhook_secret_sealed', models.BinaryField()),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'app',
                    'verbose_name_plural': 'apps',
                },
            ), migrations.CreateModel(
                name='Key',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('kind', models.CharField(choices=[('mk', "Merchant's key"), ('ak', "App's key"), ('bt', "Buyer's token")], max_length=2, verbose_name='kind')),
                    ('merchant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='merchants.merchant', verbose_name='merchant')),
                    ('app', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='merchants.app', verbose_name='app')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ('name', models.CharField(blank=True, default='', max_length=80, verbose_name='name')),
                    ('hash', models.BinaryField(max_length=32, unique=True)),
                    ('hint', models.CharField(max_length=12, verbose_name='begins with')),
                    ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None, verbose_name='scopes')),
                    ('requests_per_second', models.PositiveIntegerField(default=100, verbose_name='requests a second')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used')),
                    ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ],
                options={
                    'verbose_name': 'key',
                    'verbose_name_plural': 'keys',
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('app__isnull', True), ('kind', 'mk'), ('merchant__isnull', False), ('person__isnull', True)), models.Q(('app__isnull', False), ('kind', 'ak'), ('merchant__isnull', True), ('person__isnull', True)), models.Q(('app__isnull', True), ('kind', 'bt'), ('merchant__isnull', True), ('person__isnull', False)), _connector='OR'), name='key_has_one_owner')],
                },
            ), migrations.CreateModel(
                name='WebhookEndpoint',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='merchants.merchant', verbose_name='merchant')),
                    ('app', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='merchants.app', verbose_name='app')),
                    ('url', models.URLField(max_length=500, verbose_name='address')),
                    ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None, verbose_name='events')),
                    ('secret_sealed', models.BinaryField()),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='stopped')),
                    ('stopped_reason', models.CharField(blank=True, default='', max_length=200, verbose_name='why it was stopped')),
                    ('deleted_at', models.DateTimeField(blank=True, null=True, verbose_name='deleted')),
                ],
                options={
                    'verbose_name': 'webhook endpoint',
                    'verbose_name_plural': 'webhook endpoints',
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('app__isnull', True), ('merchant__isnull', False)), models.Q(('app__isnull', False), ('merchant__isnull', True)), _connector='OR'), name='endpoint_has_one_owner')],
                },
            ), migrations.CreateModel(
                name='WebhookDelivery',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='merchants.webhookendpoint', verbose_name='webhook endpoint')),
                    ('event_id', models.UUIDField()),
                    ('event_name', models.CharField(max_length=60, verbose_name='event')),
                    ('body', models.TextField(verbose_name='content')),
                    ('request_id', models.CharField(blank=True, default='', max_length=64, verbose_name='request')),
                    ('state', django_fsm.FSMField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('given_up', 'Given up')], default='waiting', max_length=50, protected=True, verbose_name='state')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('due_at', models.DateTimeField(default=common.clock.now, verbose_name='due')),
                    ('attempts_made', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ],
                options={
                    'verbose_name': 'webhook delivery',
                    'verbose_name_plural': 'webhook deliveries',
                    'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='delivery_due'), models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'due_at'], name='delivery_due_by_endpoint'), models.Index(fields=['endpoint', '-id'], name='delivery_by_endpoint')],
                    'constraints': [models.UniqueConstraint(fields=('endpoint', 'event_id'), name='delivery_once')],
                },
            ), migrations.CreateModel(
                name='WebhookAttempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='merchants.webhookdelivery')),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='at')),
                    ('duration_ms', models.PositiveIntegerField(default=0, verbose_name='milliseconds')),
                    ('status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='HTTP status')),
                    ('error', models.CharField(blank=True, default='', max_length=300, verbose_name='error')),
                    ('answer', models.CharField(blank=True, default='', max_length=1000, verbose_name='answer')),
                ],
                options={
                    'verbose_name': 'webhook attempt',
                    'verbose_name_plural': 'webhook attempts',
                    'indexes': [models.Index(fields=['delivery', 'id'], name='attempt_by_delivery')],
                },
            )],
        ),
    ]
