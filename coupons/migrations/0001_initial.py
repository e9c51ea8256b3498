import common.all_at_once
import common.clock
import common.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('merchants', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='Campaign',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='merchants.merchant', verbose_name='merchant')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('kind', models.CharField(choices=[('fixed', 'A fixed amount off'), ('percent', 'A percentage off')], max_length=7, verbose_name='kind')),
                    ('value', models.BigIntegerField(verbose_name='value')),
                    ('cap_minor', models.BigIntegerField(blank=True, null=True, verbose_name='at most')),
                    ('minimum_spend_minor', models.BigIntegerField(default=0, verbose_name='minimum spend')),
                    ('currency', models.CharField(max_length=3, verbose_name='currency')),
                    ('products', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None, verbose_name='products')),
                    ('starts_at', models.DateTimeField(verbose_name='starts')),
                    ('ends_at', models.DateTimeField(verbose_name='ends')),
                    ('total_quota', models.IntegerField(verbose_name='coupons in all')),
                    ('per_buyer_limit', models.IntegerField(verbose_name='coupons for one buyer')),
                    ('budget_minor', models.BigIntegerField(blank=True, null=True, verbose_name='budget')),
                    ('daily_budget_minor', models.BigIntegerField(blank=True, null=True, verbose_name='budget of a day')),
                    ('funded_by', models.CharField(choices=[('merchant', 'The merchant'), ('platform', 'The platform')], default='merchant', max_length=8, verbose_name='paid by')),
                    ('state', django_fsm.FSMField(choices=[('active', 'Running'), ('paused', 'Paused'), ('closed', 'Closed')], default='active', max_length=6, protected=True, verbose_name='state')),
                    ('issued_count', models.IntegerField(default=0, verbose_name='issued')),
                    ('spent_minor', models.BigIntegerField(default=0, verbose_name='spent')),
                    ('funded_journal', models.UUIDField(default=common.ids.new_id)),
                    ('closed_journal', models.UUIDField(default=common.ids.new_id)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'campaign',
                    'verbose_name_plural': 'campaigns',
                    'indexes': [models.Index(fields=['merchant', '-id'], name='campaign_of_merchant')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('cap_minor', None), ('kind', 'fixed'), ('value__gte', 1), ('value__lte', 999999999)), models.Q(('kind', 'percent'), ('value__gte', 1), ('value__lte', 100)), _connector='OR'), name='campaign_value_in_range'), models.CheckConstraint(condition=models.Q(('cap_minor', None), ('cap_minor__gte', 1), _connector='OR'), name='campaign_cap_positive'), models.CheckConstraint(condition=models.Q(('minimum_spend_minor__gte', 0)), name='campaign_minimum_not_negative'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='campaign_times_in_order'), models.CheckConstraint(condition=models.Q(('issued_count__gte', 0), ('per_buyer_limit__gte', 1), ('total_quota__gte', 1), ('issued_count__lte', models.F('total_quota'))), name='campaign_within_quota'), models.CheckConstraint(condition=models.Q(('spent_minor__gte', 0), models.Q(('budget_minor', None), ('spent_minor__lte', models.F('budget_minor')), _connector='OR')), name='campaign_within_budget'), models.CheckConstraint(condition=models.Q(('funded_by', 'merchant'), ('budget_minor__gte', 1), _connector='OR'), name='campaign_platform_has_budget')],
                },
            ), migrations.CreateModel(
                name='CampaignDay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='days', to='coupons.campaign')),
                    ('day', models.DateField()),
                    ('limit_minor', models.BigIntegerField()),
                    ('spent_minor', models.BigIntegerField(default=0)),
                ],
                options={
                    'verbose_name': 'day of a campaign',
                    'verbose_name_plural': 'days of campaigns',
                    'constraints': [models.UniqueConstraint(fields=('campaign', 'day'), name='campaign_day_once'), models.CheckConstraint(condition=models.Q(('spent_minor__gte', 0), ('spent_minor__lte', models.F('limit_minor'))), name='campaign_day_within_budget')],
                },
            ), migrations.CreateModel(
                name='ClaimLink',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claim_links', to='coupons.campaign')),
                    ('name', models.CharField(blank=True, default='', max_length=80, verbose_name='name')),
                    ('token', models.CharField(default=common.ids.new_token, max_length=32, unique=True)),
                    ('claimed_count', models.IntegerField(default=0, verbose_name='claimed')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ],
                options={
                    'verbose_name': 'claim link',
                    'verbose_name_plural': 'claim links',
                },
            ), migrations.CreateModel(
                name='Coupon',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='coupons', to='coupons.campaign', verbose_name='campaign')),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant', verbose_name='merchant')),
                    ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='coupons', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                    ('state', django_fsm.FSMField(choices=[('issued', 'Ready to use'), ('armed', 'Set for the next payment'), ('locked', 'Being used'), ('used', 'Used'), ('expired', 'Expired'), ('revoked', 'Taken back')], default='issued', max_length=50, protected=True, verbose_name='state')),
                    ('issued_at', models.DateTimeField(default=common.clock.now, verbose_name='issued')),
                    ('expires_at', models.DateTimeField(verbose_name='ends')),
                    ('armed_until', models.DateTimeField(blank=True, null=True, verbose_name='set until')),
                    ('payment_id', models.UUIDField(blank=True, null=True)),
                    ('deduction_minor', models.BigIntegerField(default=0, verbose_name='deduction')),
                    ('spent_on', models.DateField(blank=True, null=True)),
                    ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='used')),
                ],
                options={
                    'verbose_name': 'coupon',
                    'verbose_name_plural': 'coupons',
                    'indexes': [models.Index(fields=['campaign', '-id'], name='coupon_of_campaign'), models.Index(fields=['merchant', '-id'], name='coupon_of_merchant'), models.Index(fields=['owner', '-id'], name='coupon_of_owner'), models.Index(condition=models.Q(('state', 'armed')), fields=['armed_until'], name='coupon_armed'), models.Index(condition=models.Q(('state__in', ('issued', 'armed'))), fields=['expires_at'], name='coupon_to_expire')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'armed')), fields=('owner',), name='coupon_armed_once_a_buyer'), models.UniqueConstraint(condition=models.Q(('payment_id__isnull', False)), fields=('payment_id',), name='coupon_once_a_payment'), models.CheckConstraint(condition=models.Q(models.Q(('deduction_minor__gte', 1), ('payment_id__isnull', False), ('state__in', ('locked', 'used'))), models.Q(models.Q(('state__in', ('locked', 'used')), _negated=True), ('deduction_minor', 0), ('payment_id', None), ('spent_on', None)), _connector='OR'), name='coupon_held_by_a_payment'), models.CheckConstraint(condition=models.Q(models.Q(('armed_until__isnull', False), ('state', 'armed')), models.Q(models.Q(('state', 'armed'), _negated=True), ('armed_until', None)), _connector='OR'), name='coupon_armed_for_a_while')],
                },
            ), migrations.CreateModel(
                name='Holding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.campaign')),
                    ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('number', models.IntegerField()),
                    ('limit', models.IntegerField()),
                    ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holdings', to='coupons.coupon')),
                    ('how', models.CharField(choices=[('issued', 'Issued by the merchant'), ('claimed', 'Claimed by a link'), ('welcome', 'Welcome coupon'), ('segment', 'Issued to a segment'), ('shared', 'Given by another customer')], max_length=8, verbose_name='how')),
                    ('since', models.DateTimeField(default=common.clock.now, verbose_name='since')),
                ],
                options={
                    'verbose_name': 'holding of a coupon',
                    'verbose_name_plural': 'holdings of coupons',
                    'constraints': [models.UniqueConstraint(fields=('campaign', 'person', 'number'), name='holding_once'), models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', models.F('limit'))), name='holding_within_limit')],
                },
            ), migrations.CreateModel(
                name='ShareOffer',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='coupons.coupon')),
                    ('giver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('token', models.CharField(default=common.ids.new_token, max_length=32, unique=True)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('expires_at', models.DateTimeField(verbose_name='ends')),
                    ('taken_at', models.DateTimeField(blank=True, null=True, verbose_name='taken')),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
                ],
                options={
                    'verbose_name': 'offer to share',
                    'verbose_name_plural': 'offers to share',
                    'constraints': [models.UniqueConstraint(condition=models.Q(('taken_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('coupon',), name='share_open_once')],
                },
            ), migrations.CreateModel(
                name='CampaignFigure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='coupons.campaign')),
                    ('day', models.DateField()),
                    ('measure', models.CharField(choices=[('issued', 'Issued'), ('armed', 'Set for a payment'), ('used', 'Used'), ('released', 'Released'), ('given_back', 'Given back'), ('expired', 'Expired')], max_length=10)),
                    ('count', models.BigIntegerField(default=0)),
                    ('cost_minor', models.BigIntegerField(default=0)),
                    ('sale_minor', models.BigIntegerField(default=0)),
                ],
                options={
                    'verbose_name': 'figure of a campaign',
                    'verbose_name_plural': 'figures of campaigns',
                    'constraints': [models.UniqueConstraint(fields=('campaign', 'day', 'measure'), name='campaign_figure_once')],
                },
            )],
        ),
    ]
