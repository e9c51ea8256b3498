-- Legs: what moved. INSERT-only; columns ordered so that none is padded.
CREATE TABLE ledger_leg (
    journal      uuid        NOT NULL,
    debit_owner  uuid        NOT NULL,
    credit_owner uuid        NOT NULL,
    amount       bigint      NOT NULL,
    at           timestamptz NOT NULL,
    n            smallint    NOT NULL,
    debit_kind   varchar(2)  COLLATE "C" NOT NULL,
    credit_kind  varchar(2)  COLLATE "C" NOT NULL,
    currency     varchar(3)  COLLATE "C" NOT NULL,
    posting      varchar(40) COLLATE "C" NOT NULL,
    CONSTRAINT ledger_leg_once PRIMARY KEY (journal, n),
    CONSTRAINT ledger_leg_moves_something CHECK (amount > 0)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- An account's statement, newest first; the kind is told apart among the few kinds of one owner.
CREATE INDEX ledger_leg_debits ON ledger_leg (debit_owner, journal);
CREATE INDEX ledger_leg_credits ON ledger_leg (credit_owner, journal);

-- Balances: what is there. One part for each rule about the sign, so that each rule is the smallest
-- possible CHECK: PostgreSQL reads every CHECK of a table anew for each statement that writes to it
-- (measured: one rule over all kinds made a journal take twice as long).
CREATE TABLE ledger_balance (
    owner    uuid       NOT NULL,
    within   uuid,
    amount   bigint     NOT NULL,
    stripe   smallint   NOT NULL DEFAULT 0,
    kind     varchar(2) COLLATE "C" NOT NULL,
    currency varchar(3) COLLATE "C" NOT NULL,
    CONSTRAINT ledger_balance_once PRIMARY KEY (owner, kind, currency, stripe)
) PARTITION BY LIST (kind);

CREATE TABLE ledger_balance_fund PARTITION OF ledger_balance (
    CONSTRAINT ledger_fund_not_below_zero CHECK (amount >= 0)
) FOR VALUES IN ('W', 'M', 'C', 'R', 'H', 'X', 'S') WITH (fillfactor = 60);
CREATE TABLE ledger_balance_escrow PARTITION OF ledger_balance (
    within NOT NULL,
    CONSTRAINT ledger_escrow_not_below_zero CHECK (amount >= 0)
) FOR VALUES IN ('E') WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE ledger_balance_debt PARTITION OF ledger_balance (
    CONSTRAINT ledger_debt_not_above_zero CHECK (amount <= 0)
) FOR VALUES IN ('D', 'DB') WITH (fillfactor = 60);
CREATE TABLE ledger_balance_open PARTITION OF ledger_balance
    FOR VALUES IN ('G', 'B', 'F', 'L') WITH (fillfactor = 30);

-- What a merchant's orders hold in escrow, kept beside the escrows: to sum them takes longer the more
-- there are. Stripes as for other accounts; one of them may be below zero, their sum is the escrows'.
CREATE TABLE ledger_held (
    owner    uuid       NOT NULL,
    amount   bigint     NOT NULL,
    stripe   smallint   NOT NULL,
    currency varchar(3) COLLATE "C" NOT NULL,
    CONSTRAINT ledger_held_once PRIMARY KEY (owner, currency, stripe)
) WITH (fillfactor = 30);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'legs are never changed: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LT003', HINT = 'Correct a journal by posting another one.';
END
$$;

CREATE TRIGGER ledger_leg_append_only BEFORE UPDATE OR DELETE ON ledger_leg
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_leg_no_truncate BEFORE TRUNCATE ON ledger_leg
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

REVOKE TRUNCATE ON ledger_leg, ledger_balance, ledger_balance_fund, ledger_balance_escrow,
    ledger_balance_debt, ledger_balance_open, ledger_held FROM PUBLIC, CURRENT_USER;

-- What staff look at: the same rows under one key each, which the admin needs.
CREATE VIEW ledger_leg_row AS SELECT journal || '.' || n AS key, * FROM ledger_leg;
CREATE VIEW ledger_balance_row AS
    SELECT kind || '.' || owner || '.' || currency || '.' || stripe AS key, * FROM ledger_balance;
