import common.all_at_once
import common.clock
import common.ids
import django.db.models.deletion
import django.db.models.functions.text
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('merchants', '0001_initial'),
        ('orders', '0001_initial'),
        ('payments', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='Tag',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.merchant')),
                    ('name', models.CharField(max_length=40, verbose_name='name')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'tag',
                    'verbose_name_plural': 'tags',
                    'constraints': [models.UniqueConstraint(models.F('merchant'), django.db.models.functions.text.Lower('name'), name='tag_once')],
                },
            ), migrations.CreateModel(
                name='ConversionStep',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.merchant', verbose_name='merchant')),
                    ('position', models.PositiveSmallIntegerField(verbose_name='place')),
                    ('kind', models.CharField(max_length=30, verbose_name='kind')),
                    ('settings', models.JSONField(default=dict, verbose_name='settings')),
                    ('also_returning', models.BooleanField(default=False, verbose_name='also when a customer comes back')),
                    ('secret_sealed', models.BinaryField(null=True)),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                    ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='retired')),
                ],
                options={
                    'verbose_name': 'conversion step',
                    'verbose_name_plural': 'conversion steps',
                    'indexes': [models.Index(fields=['merchant', 'position'], name='step_of_merchant')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('retired_at__isnull', True)), fields=('merchant', 'position'), name='step_place_once')],
                },
            ), migrations.CreateModel(
                name='Customer',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.merchant', verbose_name='merchant')),
                    ('person', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ('channel', models.CharField(max_length=20, verbose_name='channel')),
                    ('printed_code', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='orders.printedcode', verbose_name='printed code')),
                    ('first_order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order', verbose_name='first order')),
                    ('first_payment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment', verbose_name='first payment')),
                    ('consent_at', models.DateTimeField(verbose_name='agreed')),
                    ('assigned_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='customers', to='merchants.member', verbose_name='assigned to')),
                    ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='customers.customer', verbose_name='merged into')),
                    ('erased_at', models.DateTimeField(blank=True, null=True, verbose_name='erased')),
                    ('created_at', models.DateTimeField(default=common.clock.now, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'customer',
                    'verbose_name_plural': 'customers',
                    'indexes': [models.Index(condition=models.Q(('erased_at__isnull', True), ('merged_into__isnull', True)), fields=['merchant', '-id'], name='customer_of_merchant'), models.Index(condition=models.Q(('erased_at__isnull', True), ('merged_into__isnull', True)), fields=['merchant', 'channel', '-id'], name='customer_by_channel')],
                    'constraints': [models.UniqueConstraint(fields=('person', 'merchant'), name='customer_once'), models.CheckConstraint(condition=models.Q(models.Q(('erased_at__isnull', True), ('person__isnull', False)), models.Q(('erased_at__isnull', False), ('person__isnull', True)), _connector='OR'), name='customer_erased_has_no_person'), models.CheckConstraint(condition=models.Q(('merged_into', models.F('id')), _negated=True), name='customer_not_merged_into_itself')],
                },
            ), migrations.CreateModel(
                name='CustomerTag',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tag_links', to='customers.customer')),
                    ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='customers.tag')),
                    ('created_at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': "customer's tag",
                    'verbose_name_plural': "customers' tags",
                    'constraints': [models.UniqueConstraint(fields=('customer', 'tag'), name='customer_tag_once')],
                },
            ), migrations.CreateModel(
                name='CustomerNote',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='customers.customer')),
                    ('author', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('text', models.CharField(max_length=2000, verbose_name='text')),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='written')),
                ],
                options={
                    'verbose_name': 'note',
                    'verbose_name_plural': 'notes',
                    'indexes': [models.Index(fields=['customer', '-id'], name='note_of_customer')],
                },
            ), migrations.CreateModel(
                name='CustomerMerge',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='merchants.merchant', verbose_name='merchant')),
                    ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='merges_away', to='customers.customer', verbose_name='merged customer')),
                    ('target', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='merges_here', to='customers.customer', verbose_name='remaining customer')),
                    ('moved', models.JSONField(default=dict, verbose_name='what was moved')),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='merged')),
                    ('actor', models.CharField(max_length=80, verbose_name='by')),
                    ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='undone')),
                ],
                options={
                    'verbose_name': 'merge',
                    'verbose_name_plural': 'merges',
                    'constraints': [models.UniqueConstraint(condition=models.Q(('undone_at__isnull', True)), fields=('source',), name='merge_open_once')],
                },
            ), migrations.CreateModel(
                name='ConversionRun',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='customers.customer', verbose_name='customer')),
                    ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment', verbose_name='payment')),
                    ('kind', models.CharField(choices=[('created', 'Became a customer'), ('came_back', 'Came back')], max_length=10, verbose_name='kind')),
                    ('consent', models.BooleanField(verbose_name='agreed this time')),
                    ('channel', models.CharField(max_length=20, verbose_name='channel')),
                    ('printed_code', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='orders.printedcode', verbose_name='printed code')),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='at')),
                ],
                options={
                    'verbose_name': 'conversion',
                    'verbose_name_plural': 'conversions',
                    'indexes': [models.Index(fields=['customer', '-id'], name='run_of_customer')],
                },
            ), migrations.CreateModel(
                name='StepRun',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='customers.conversionrun', verbose_name='conversion')),
                    ('step', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='customers.conversionstep', verbose_name='conversion step')),
                    ('position', models.PositiveSmallIntegerField(verbose_name='place')),
                    ('state', django_fsm.FSMField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('given_up', 'Given up')], default='waiting', max_length=50, protected=True, verbose_name='state')),
                    ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('due_at', models.DateTimeField(default=common.clock.now, verbose_name='due')),
                    ('tried_at', models.DateTimeField(blank=True, null=True, verbose_name='last tried')),
                    ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                    ('error', models.CharField(blank=True, default='', max_length=300, verbose_name='last error')),
                    ('result', models.JSONField(default=dict, verbose_name='result')),
                ],
                options={
                    'verbose_name': 'step of a conversion',
                    'verbose_name_plural': 'steps of conversions',
                    'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['attempts', 'due_at'], name='step_run_due')],
                    'constraints': [models.UniqueConstraint(fields=('run', 'position'), name='step_run_once')],
                },
            )],
        ),
        migrations.AddField(
            model_name='Customer',
            name='tags',
            field=models.ManyToManyField(related_name='customers', through='customers.CustomerTag', to='customers.tag', verbose_name='tags'),
        ),
    ]
