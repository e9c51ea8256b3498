-- A long history of one merchant (bench.merchant, bench.orders), as the flows would have left it.
-- Of twenty orders, one waits for payment (the newest), three expired, three hold their money in
-- escrow, thirteen are redeemed. Foreign keys are checked at the end, all together.
CREATE TEMP TABLE fk ON COMMIT DROP AS
SELECT conrelid::regclass AS owner, conname, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint
 WHERE contype = 'f'
   AND conrelid IN ('orders_order'::regclass, 'orders_item'::regclass, 'payments_payment'::regclass);

DO $$ DECLARE f record; BEGIN
    FOR f IN SELECT * FROM fk LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', f.owner, f.conname);
    END LOOP;
END $$;

CREATE TEMP TABLE payer ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY phone) - 1)::int AS place, id
  FROM merchants_person WHERE phone LIKE '+86139000%';

CREATE TEMP TABLE h ON COMMIT DROP AS
SELECT n, now() - age AS at, uuidv7(- age) AS order_id, uuidv7(- age) AS item_id, uuidv7(- age) AS payment_id,
       uuidv7(- age) AS release_id, payer.id AS payer_id,
       CASE WHEN current_setting('bench.all_paid', true) = 'yes' THEN 'paid'
            WHEN n > total * 19 / 20 THEN 'placed' WHEN n % 20 < 3 THEN 'expired'
            WHEN n % 20 < 6 THEN 'paid' ELSE 'redeemed' END AS fate
  FROM (SELECT current_setting('bench.orders')::int AS total) t,
       LATERAL generate_series(1, total) AS series(n),
       LATERAL (SELECT interval '400 days' * (total - n + 1) / total + interval '1 second' AS age) a,
       payer
 WHERE payer.place = n % (SELECT count(*) FROM payer)
 ORDER BY n;

INSERT INTO orders_order (id, merchant_id, buyer_id, number, state, amount_minor, currency, note, live_token,
       page_token, channel, awaits_redemption, awaits_release, awaits_call, service_number,
       placed_at, expires_at, scanned_at, confirmed_at, paid_at, redeem_until, closed_at)
SELECT order_id, current_setting('bench.merchant')::uuid,
       CASE WHEN fate IN ('paid', 'redeemed') THEN payer_id END,
       upper(right(order_id::text, 8)), fate, 100, 'CNY', CASE n % 50 WHEN 0 THEN 'Table ' || n ELSE '' END,
       md5('live' || n || random()),
       md5('page' || n || random()), 'api', true, false, p.redeem_by = 'call',
       CASE WHEN p.redeem_by = 'call' THEN '+' || (8617100000000 + current_setting('bench.orders')::int + (n - 1) / 1000) ELSE '' END, at,
       CASE WHEN fate = 'placed' THEN now() + interval '30 days' ELSE at + interval '30 minutes' END,
       CASE WHEN fate IN ('paid', 'redeemed') THEN at END, CASE WHEN fate IN ('paid', 'redeemed') THEN at END,
       CASE WHEN fate IN ('paid', 'redeemed') THEN at END,
       CASE WHEN fate IN ('paid', 'redeemed') THEN at + interval '500 days' END,
       CASE WHEN fate = 'expired' THEN at + interval '30 minutes' END
  FROM h, (SELECT * FROM orders_product WHERE merchant_id = current_setting('bench.merchant')::uuid LIMIT 1) p;

INSERT INTO orders_item (id, order_id, product_id, product_name, redeem_by, code, state, price_minor,
       deduction_minor, platform_minor, from_stock, redeemed_at, released_at, release_journal)
SELECT item_id, order_id, p.id, p.name, p.redeem_by,
       (1000000000000000 + (random() * 8999999999999999)::bigint)::text,
       CASE WHEN fate = 'redeemed' THEN 'redeemed' ELSE 'issued' END, 100, 0, 0, false,
       CASE WHEN fate = 'redeemed' THEN at END, CASE WHEN fate = 'redeemed' THEN at END, release_id
  FROM h, (SELECT * FROM orders_product WHERE merchant_id = current_setting('bench.merchant')::uuid LIMIT 1) p;

INSERT INTO payments_payment (id, kind, merchant_id, order_id, payer_id, source, state, amount_minor,
       deduction_minor, currency, received_minor, returned_minor, consent, channel, scenario,
       provider_reference, redirect_url, failure_code, created_at, settled_at, asked_times, till_reference,
       lines, campaign_name, platform_minor, fee_minor)
SELECT payment_id, 'order', current_setting('bench.merchant')::uuid, order_id, payer_id, 'wallet', 'succeeded', 100,
       0, 'CNY', 100, 0, false, 'api', '', '', '', '', at, at, 0,
       '', '[]', '', 0, 0
  FROM h WHERE fate IN ('paid', 'redeemed');

INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
SELECT payment_id, 0, 'order_paid_wallet', 'W', payer_id, 'E', order_id, 100, 'CNY', at
  FROM h WHERE fate IN ('paid', 'redeemed');

INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
SELECT release_id, 0, 'unit_redeemed', 'E', order_id, 'M', current_setting('bench.merchant')::uuid, 100, 'CNY', at
  FROM h WHERE fate = 'redeemed';

INSERT INTO ledger_balance (owner, kind, currency, stripe, within, amount)
SELECT order_id, 'E', 'CNY', 0, current_setting('bench.merchant')::uuid,
       CASE WHEN fate = 'paid' THEN 100 ELSE 0 END
  FROM h WHERE fate IN ('paid', 'redeemed');

INSERT INTO ledger_held (owner, currency, stripe, amount)
SELECT current_setting('bench.merchant')::uuid, 'CNY', 0, 100 * count(*) FROM h WHERE fate = 'paid'
HAVING count(*) > 0
    ON CONFLICT (owner, currency, stripe) DO UPDATE SET amount = ledger_held.amount + excluded.amount;

INSERT INTO ledger_balance (owner, kind, currency, stripe, amount)
SELECT current_setting('bench.merchant')::uuid, 'M', 'CNY', n % 16, 100 * count(*) FROM h WHERE fate = 'redeemed'
 GROUP BY n % 16
    ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = ledger_balance.amount + excluded.amount;

UPDATE ledger_balance b SET amount = b.amount - spent.amount
  FROM (SELECT payer_id, 100 * count(*) AS amount FROM h WHERE fate IN ('paid', 'redeemed') GROUP BY payer_id) spent
 WHERE b.owner = spent.payer_id AND b.kind = 'W' AND b.currency = 'CNY' AND b.stripe = 0;

INSERT INTO desk_dailyfigure (merchant_id, day, measure, channel, printed_code, count, amount_minor)
SELECT current_setting('bench.merchant')::uuid, (at AT TIME ZONE 'Asia/Shanghai')::date, measure, 'api', '',
       count(*), 100 * count(*)
  FROM h, unnest(ARRAY['placed', 'scanned', 'confirmed', 'paid']) measure
 WHERE measure = 'placed' OR fate IN ('paid', 'redeemed')
 GROUP BY 2, 3;

DO $$ DECLARE f record; BEGIN
    FOR f IN SELECT * FROM fk LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', f.owner, f.conname, f.definition);
    END LOOP;
END $$;
