import common.all_at_once
import common.clock
import common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        common.all_at_once.CreateModels(
            operations=[migrations.CreateModel(
                name='AuditEntry',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='at')),
                    ('actor', models.CharField(max_length=80, verbose_name='by')),
                    ('verb', models.CharField(max_length=60, verbose_name='what was done')),
                    ('subject', models.CharField(max_length=80, verbose_name='concerning')),
                    ('merchant_id', models.UUIDField(null=True, verbose_name='merchant')),
                    ('detail', models.JSONField(default=dict, verbose_name='details')),
                ],
                options={
                    'verbose_name': 'audit entry',
                    'verbose_name_plural': 'audit entries',
                    'indexes': [models.Index(fields=['subject', '-id'], name='audit_subject'), models.Index(fields=['merchant_id', '-id'], name='audit_merchant')],
                },
            ), migrations.CreateModel(
                name='OutboxEvent',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('at', models.DateTimeField(default=common.clock.now, verbose_name='at')),
                    ('actor', models.CharField(default='system', max_length=80, verbose_name='by')),
                    ('name', models.CharField(max_length=60, verbose_name='name')),
                    ('subject', models.CharField(max_length=80, verbose_name='concerning')),
                    ('merchant_id', models.UUIDField(null=True, verbose_name='merchant')),
                    ('payload', models.JSONField(default=dict, verbose_name='content')),
                    ('request_id', models.CharField(blank=True, default='', max_length=64, verbose_name='request')),
                    ('dispatched_at', models.DateTimeField(null=True, verbose_name='passed on')),
                ],
                options={
                    'verbose_name': 'event',
                    'verbose_name_plural': 'events',
                    'indexes': [models.Index(condition=models.Q(('dispatched_at', None)), fields=['id'], name='outbox_waiting'), models.Index(fields=['subject', 'id'], name='outbox_subject')],
                },
            ), migrations.CreateModel(
                name='Receipt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to='common.outboxevent', verbose_name='event')),
                    ('consumer', models.CharField(max_length=60, verbose_name='consumer')),
                    ('due_at', models.DateTimeField(default=common.clock.now, verbose_name='due')),
                    ('done_at', models.DateTimeField(null=True, verbose_name='finished')),
                    ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('error', models.TextField(blank=True, default='', verbose_name='last error')),
                ],
                options={
                    'verbose_name': 'work on an event',
                    'verbose_name_plural': 'work on events',
                    'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['consumer', 'due_at'], name='receipt_due')],
                    'constraints': [models.UniqueConstraint(fields=('event', 'consumer'), name='receipt_once')],
                },
            ), migrations.CreateModel(
                name='InboxMessage',
                fields=[
                    ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('source', models.CharField(max_length=40, verbose_name='sender')),
                    ('external_id', models.CharField(max_length=120, verbose_name="sender's number")),
                    ('received_at', models.DateTimeField(default=common.clock.now, verbose_name='came in')),
                    ('body', models.JSONField(verbose_name='content')),
                    ('handled_at', models.DateTimeField(null=True, verbose_name='handled')),
                    ('due_at', models.DateTimeField(default=common.clock.now, verbose_name='due')),
                    ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('error', models.TextField(blank=True, default='', verbose_name='last error')),
                ],
                options={
                    'verbose_name': 'message from outside',
                    'verbose_name_plural': 'messages from outside',
                    'indexes': [models.Index(condition=models.Q(('handled_at', None)), fields=['source', 'due_at'], name='inbox_waiting')],
                    'constraints': [models.UniqueConstraint(fields=('source', 'external_id'), name='inbox_once')],
                },
            ), migrations.CreateModel(
                name='RememberedAnswer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('credential', models.CharField(max_length=80)),
                    ('key', models.CharField(max_length=255)),
                    ('fingerprint', models.BinaryField(max_length=32)),
                    ('subject_id', models.UUIDField(default=common.ids.new_id)),
                    ('status', models.PositiveSmallIntegerField(null=True)),
                    ('sealed', models.BinaryField(null=True)),
                    ('created_at', models.DateTimeField(default=common.clock.now)),
                ],
                options={
                    'verbose_name': 'remembered answer',
                    'verbose_name_plural': 'remembered answers',
                    'indexes': [models.Index(fields=['created_at'], name='answer_age')],
                    'constraints': [models.UniqueConstraint(fields=('credential', 'key'), name='answer_once')],
                },
            )],
        ),
    ]
