-- A live binding for every paid order of one merchant (bench.merchant): a thousand buyers a number, as many
-- numbers as that takes (history.sql has written them on the orders).
ALTER TABLE orders_binding DROP CONSTRAINT binding_pair_alone;

INSERT INTO orders_servicenumber (id, merchant_id, number, digits, place, created_at)
SELECT uuidv7(), current_setting('bench.merchant')::uuid, number, substr(number, 2)::bigint,
       (random() * 4611686018427387000)::bigint, now()
  FROM (SELECT DISTINCT service_number AS number FROM orders_order
         WHERE merchant_id = current_setting('bench.merchant')::uuid AND service_number <> '') numbers;

INSERT INTO orders_binding (id, merchant_id, service_number_id, order_id, number_digits, buyer_digits,
                            valid_from, valid_until, held_until, end_reason)
SELECT uuidv7(), o.merchant_id, s.id, o.id, s.digits, 8613900000000 + o.place * 7, o.paid_at, o.redeem_until,
       o.redeem_until + interval '1 day', ''
  FROM (SELECT *, row_number() OVER (PARTITION BY service_number ORDER BY id) AS place FROM orders_order
         WHERE merchant_id = current_setting('bench.merchant')::uuid AND state = 'paid') o
  JOIN orders_servicenumber s ON s.merchant_id = o.merchant_id AND s.number = o.service_number;

SET CONSTRAINTS ALL IMMEDIATE;

ALTER TABLE orders_binding ADD CONSTRAINT binding_pair_alone EXCLUDE USING gist (
    int8range(number_digits, number_digits, '[]') WITH &&,
    int8range(buyer_digits, buyer_digits, '[]') WITH &&,
    tstzrange(valid_from, held_until) WITH &&);
