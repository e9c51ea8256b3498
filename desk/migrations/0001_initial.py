import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('merchants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='merchants.merchant')),
                ('day', models.DateField()),
                ('measure', models.CharField(choices=[('scanned', 'Scanned'), ('confirmed', 'Confirmed'), ('paid', 'Paid'), ('converted', 'Became customers'), ('came_back', 'Came back'), ('placed', 'Ordered')], max_length=10)),
                ('channel', models.CharField(max_length=20)),
                ('printed_code', models.CharField(blank=True, default='', max_length=40)),
                ('count', models.BigIntegerField(default=0)),
                ('amount_minor', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'daily figure',
                'verbose_name_plural': 'daily figures',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'day', 'measure', 'channel', 'printed_code'), name='figure_once')],
            },
        ),
    ]
