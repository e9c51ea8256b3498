-- A campaign (bench.campaign) that has issued many coupons (bench.coupons) over 200 days to the buyers whose
-- numbers begin with bench.prefix, as the flows would have left it. Of ten coupons six wait, one was taken
-- back, three were used at the till. Foreign keys are checked at the end, all together.
CREATE TEMP TABLE fk ON COMMIT DROP AS
SELECT conrelid::regclass AS owner, conname, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint
 WHERE contype = 'f'
   AND conrelid IN ('coupons_coupon'::regclass, 'coupons_holding'::regclass, 'payments_payment'::regclass,
                    'payments_paymentcode'::regclass);

DO $$ DECLARE f record; BEGIN
    FOR f IN SELECT * FROM fk LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', f.owner, f.conname);
    END LOOP;
END $$;

CREATE TEMP TABLE c ON COMMIT DROP AS
SELECT id, merchant_id, name, value, ends_at, per_buyer_limit, daily_budget_minor FROM coupons_campaign
 WHERE id = current_setting('bench.campaign')::uuid;

CREATE TEMP TABLE buyer ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY phone) - 1)::int AS place, id FROM merchants_person
 WHERE phone LIKE current_setting('bench.prefix') || '%';

CREATE TEMP TABLE h ON COMMIT DROP AS
SELECT n, now() - age AS at, uuidv7(- age) AS coupon_id, uuidv7(- age) AS payment_id, buyer.id AS buyer_id,
       1 + (n - 1) / many AS number,
       CASE WHEN n % 10 < 3 THEN 'used' WHEN n % 10 = 3 THEN 'revoked' ELSE 'issued' END AS state
  FROM (SELECT current_setting('bench.coupons')::int AS total) t,
       (SELECT count(*)::int AS many FROM buyer) m,
       LATERAL generate_series(1, total) AS series(n),
       LATERAL (SELECT interval '200 days' * (total - n + 1) / total + interval '1 second' AS age) a,
       buyer
 WHERE buyer.place = (n - 1) % many
 ORDER BY n;

INSERT INTO coupons_coupon (id, campaign_id, merchant_id, owner_id, state, issued_at, expires_at, payment_id,
       deduction_minor, spent_on, used_at)
SELECT h.coupon_id, c.id, c.merchant_id, h.buyer_id, h.state, h.at, c.ends_at,
       CASE WHEN h.state = 'used' THEN h.payment_id END, CASE WHEN h.state = 'used' THEN c.value ELSE 0 END,
       CASE WHEN h.state = 'used' THEN (h.at AT TIME ZONE 'Asia/Shanghai')::date END,
       CASE WHEN h.state = 'used' THEN h.at END
  FROM h, c;

INSERT INTO coupons_holding (campaign_id, person_id, number, "limit", coupon_id, how, since)
SELECT c.id, h.buyer_id, h.number, c.per_buyer_limit, h.coupon_id, 'issued', h.at FROM h, c;

INSERT INTO coupons_campaignday (campaign_id, day, limit_minor, spent_minor)
SELECT c.id, (h.at AT TIME ZONE 'Asia/Shanghai')::date, c.daily_budget_minor, sum(c.value)
  FROM h, c WHERE h.state = 'used' GROUP BY 1, 2, 3;

UPDATE coupons_campaign SET issued_count = (SELECT count(*) FROM h),
       spent_minor = value * (SELECT count(*) FROM h WHERE state = 'used')
 WHERE id = (SELECT id FROM c);

INSERT INTO payments_payment (id, kind, merchant_id, payer_id, source, state, amount_minor, deduction_minor,
       currency, received_minor, returned_minor, consent, channel, scenario, provider_reference,
       redirect_url, failure_code, created_at, settled_at, asked_times, till_reference, lines,
       campaign_name, platform_minor, fee_minor)
SELECT h.payment_id, 'till', c.merchant_id, h.buyer_id, 'wallet', 'succeeded', 100, c.value, 'CNY',
       100 - c.value, 0, false, 'api', '', '', '', '', h.at, h.at, 0, 'history-' || h.n, '[]', c.name, 0, 0
  FROM h, c WHERE h.state = 'used';

INSERT INTO payments_paymentcode (id, buyer_id, digest, created_at, expires_at, ended_at, outcome, reason,
       merchant_id, amount_minor, payment_id)
SELECT uuidv7(h.at - now()), h.buyer_id, sha256(h.payment_id::text::bytea), h.at, h.at + interval '1 minute',
       h.at, 'used', '', c.merchant_id, 100, h.payment_id
  FROM h, c WHERE h.state = 'used';

INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
SELECT h.payment_id, 0, 'till_sale_wallet', 'W', h.buyer_id, 'M', c.merchant_id, 100 - c.value, 'CNY', h.at
  FROM h, c WHERE h.state = 'used';

INSERT INTO ledger_balance (owner, kind, currency, stripe, amount)
SELECT c.merchant_id, 'M', 'CNY', h.n % 16, sum(100 - c.value)
  FROM h, c WHERE h.state = 'used' GROUP BY 1, 4
    ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = ledger_balance.amount + excluded.amount;

UPDATE ledger_balance b SET amount = b.amount - spent.amount
  FROM (SELECT h.buyer_id, sum(100 - c.value) AS amount FROM h, c WHERE h.state = 'used' GROUP BY 1) spent
 WHERE b.owner = spent.buyer_id AND b.kind = 'W' AND b.currency = 'CNY' AND b.stripe = 0;

DO $$ DECLARE f record; BEGIN
    FOR f IN SELECT * FROM fk LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', f.owner, f.conname, f.definition);
    END LOOP;
END $$;
