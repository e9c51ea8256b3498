-- So many buyers with money (bench.buyers), whose numbers begin with bench.prefix, as top-ups through the
-- sandbox's gateway (bench.gateway) would have left them.
CREATE TEMP TABLE b ON COMMIT DROP AS
SELECT n, uuidv7() AS id, uuidv7() AS payment_id, 100000000::bigint AS amount
  FROM generate_series(1, current_setting('bench.buyers')::int) n;

INSERT INTO merchants_person (id, password, is_superuser, phone, phone_verified, name, language, is_staff,
       is_active, date_joined)
SELECT id, '!', false, current_setting('bench.prefix') || lpad(n::text, 8, '0'), true, '', '', false, true, now() FROM b;

INSERT INTO payments_payment (id, kind, payer_id, source, state, amount_minor, deduction_minor, currency,
       received_minor, returned_minor, consent, channel, scenario, provider_reference, redirect_url,
       failure_code, created_at, settled_at, asked_times, till_reference, lines, campaign_name,
       platform_minor, fee_minor)
SELECT payment_id, 'top_up', id, 'sandbox', 'succeeded', amount, 0, 'CNY', amount, 0, false, 'benchmark', '',
       '', '', '', now(), now(), 0, '', '[]', '', 0, 0
  FROM b;

INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
SELECT payment_id, 0, 'top_up_confirmed', 'G', current_setting('bench.gateway')::uuid, 'W', id, amount, 'CNY',
       now()
  FROM b;

INSERT INTO ledger_balance (owner, kind, currency, stripe, amount)
SELECT id, 'W', 'CNY', 0, amount FROM b;

INSERT INTO ledger_balance (owner, kind, currency, stripe, amount)
SELECT current_setting('bench.gateway')::uuid, 'G', 'CNY', 0, - sum(amount) FROM b
    ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = ledger_balance.amount + excluded.amount;
