-- The same work as bare SQL in sets, one transaction: store the records, find the orders, redeem orders and
-- items, end the bindings, move the money, tell of it. No verbs, no rules, no locks in rank.
CREATE TEMP TABLE hit ON COMMIT DROP AS
WITH stored AS (
    INSERT INTO orders_callrecord (id, merchant_id, provider, call_id, kind, caller, called, caller_digits,
           called_digits, started_at, answered_at, trust, received_at, state, reason)
    SELECT uuidv7(), current_setting('bench.merchant')::uuid, 'bare', callid, 'call', src_user, dst_user,
           substr(src_user, 2)::bigint, substr(dst_user, 2)::bigint, "time" AT TIME ZONE 'UTC',
           "time" AT TIME ZONE 'UTC', 2, now(), 'unmatched', 'no_binding'
      FROM telephony.acc
        ON CONFLICT (merchant_id, provider, call_id) DO NOTHING
 RETURNING id, caller_digits, called_digits, started_at)
SELECT s.id AS record_id, b.id AS binding_id, b.order_id
  FROM stored s JOIN orders_binding b
    ON b.buyer_digits = s.caller_digits AND b.number_digits = s.called_digits
   AND s.started_at >= b.valid_from AND s.started_at < b.valid_until AND b.end_reason = '';
ANALYZE hit;

UPDATE orders_callrecord r SET state = 'redeemed', reason = '', order_id = h.order_id, decided_at = now()
  FROM hit h WHERE r.id = h.record_id;
UPDATE orders_item i SET state = 'redeemed', redeemed_at = now(), released_at = now()
  FROM hit h WHERE i.order_id = h.order_id;
UPDATE orders_order o SET state = 'redeemed' FROM hit h WHERE o.id = h.order_id;
UPDATE orders_binding b SET end_reason = 'redeemed', valid_until = now(), held_until = now() + interval '1 day'
  FROM hit h WHERE b.id = h.binding_id;

INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
SELECT i.release_journal, 0, 'unit_redeemed', 'E', i.order_id, 'M', current_setting('bench.merchant')::uuid,
       i.price_minor, 'CNY', now()
  FROM hit h JOIN orders_item i ON i.order_id = h.order_id;
UPDATE ledger_balance b SET amount = 0 FROM hit h
 WHERE b.kind = 'E' AND b.owner = h.order_id AND b.currency = 'CNY';
INSERT INTO common_outboxevent (id, at, actor, name, subject, merchant_id, payload, request_id)
SELECT uuidv7(), now(), 'system', name, 'ord_' || replace(h.order_id::text, '-', ''),
       current_setting('bench.merchant')::uuid, jsonb_build_object('order', h.order_id, 'by', 'call'), ''
  FROM hit h, unnest(ARRAY['item.redeemed', 'order.redeemed']) name;
