-- A telephony server's accounting table with calls of the last two hours: of every `bench.every`-th the numbers
-- mean a paid order of bench.merchant, the others are strangers'.
CREATE SCHEMA IF NOT EXISTS telephony;
DROP TABLE IF EXISTS telephony.acc;
CREATE TABLE telephony.acc (
    id bigserial PRIMARY KEY, method varchar(16) NOT NULL, callid varchar(255) NOT NULL,
    sip_code varchar(3) NOT NULL, "time" timestamp NOT NULL, src_user varchar(64) NOT NULL,
    dst_user varchar(64) NOT NULL);

INSERT INTO telephony.acc (method, callid, sip_code, "time", src_user, dst_user)
SELECT 'INVITE', 'bench-' || n || '-' || txid_current(), '200',
       (now() - interval '2 hours' * (total - n + 1) / total) AT TIME ZONE 'UTC',
       '+' || coalesce(b.buyer_digits, 8613100000000 + n), '+' || coalesce(b.number_digits, 8617100000000)
  FROM (SELECT n, total, every
          FROM (SELECT current_setting('bench.records')::int AS total,
                       current_setting('bench.every')::int AS every) t,
               LATERAL generate_series(1, total) AS n) c
  LEFT JOIN (SELECT b.buyer_digits, b.number_digits, row_number() OVER (ORDER BY md5(b.id::text)) AS place
               FROM orders_binding b JOIN orders_order o ON o.id = b.order_id
              WHERE b.merchant_id = current_setting('bench.merchant')::uuid AND b.end_reason = ''
                AND o.state = 'paid' AND b.valid_from < now() - interval '3 hours') b
    ON n % every = 0 AND b.place = n / every
 ORDER BY n;
CREATE INDEX ON telephony.acc ("time");
CREATE INDEX ON telephony.acc (callid);
