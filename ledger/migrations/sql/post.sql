-- Money moves here and nowhere else. The caller names the accounts in the order of the whole till
-- (ledger/accounts.py), in which every transaction locks them; amounts are in minor units.

CREATE FUNCTION ledger_short(a_kind text, an_owner uuid, a_currency text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not enough on account % %', a_kind, an_owner
        USING ERRCODE = 'LT001', DETAIL = a_kind || ' ' || an_owner || ' ' || a_currency;
END
$$;

-- Funds (never below zero): W and S are one row, the others are spread over 16 stripes. A credit goes
-- to the session's own stripe, a debit is taken from there if that is enough.
CREATE FUNCTION ledger_move_fund(a_kind text, an_owner uuid, a_currency text, delta bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    single boolean := a_kind IN ('W', 'S');
    own    smallint := CASE WHEN single THEN 0 ELSE pg_backend_pid() % 16 END;
BEGIN
    IF delta > 0 OR single THEN
        UPDATE ledger_balance_fund SET amount = amount + delta
         WHERE kind = a_kind AND owner = an_owner AND currency = a_currency AND stripe = own
           AND amount + delta >= 0;
        IF FOUND THEN
            RETURN true;
        ELSIF delta < 0 THEN
            PERFORM ledger_short(a_kind, an_owner, a_currency);
        END IF;
        INSERT INTO ledger_balance_fund AS b (kind, owner, currency, stripe, amount)
        VALUES (a_kind, an_owner, a_currency, own, delta)
            ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = b.amount + excluded.amount;
        RETURN true;
    END IF;
    -- An UPDATE that waited for the row and then found too little there keeps the row locked, out of
    -- the order in which ledger_gather locks: the inner block, taken back, lets it go.
    BEGIN
        UPDATE ledger_balance_fund SET amount = amount + delta
         WHERE kind = a_kind AND owner = an_owner AND currency = a_currency AND stripe = own
           AND amount + delta >= 0;
        IF FOUND THEN
            RETURN true;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'LT000', MESSAGE = 'own stripe short';
    EXCEPTION WHEN SQLSTATE 'LT000' THEN
        NULL;
    END;
    RETURN ledger_gather(a_kind, an_owner, a_currency, -delta);
END
$$;

-- Lock a striped fund whole: first make all its stripes, so that none can appear between those that
-- are locked, then lock them in order and tell what is in each.
CREATE FUNCTION ledger_lock_stripes(a_kind text, an_owner uuid, a_currency text) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    held bigint[];
BEGIN
    INSERT INTO ledger_balance_fund (kind, owner, currency, stripe, amount)
    SELECT a_kind, an_owner, a_currency, number, 0 FROM generate_series(0, 15) number
        ON CONFLICT (owner, kind, currency, stripe) DO NOTHING;
    SELECT array_agg(s.amount) INTO held
      FROM (SELECT amount FROM ledger_balance_fund
             WHERE kind = a_kind AND owner = an_owner AND currency = a_currency
             ORDER BY stripe FOR UPDATE) s;
    RETURN held;
END
$$;

-- Take from a striped fund whose own stripe is short: all stripes under lock. Where what is left is
-- enough for each stripe to serve such a debit alone, it is spread evenly over them.
CREATE FUNCTION ledger_gather(a_kind text, an_owner uuid, a_currency text, debit bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    held  bigint[] := ledger_lock_stripes(a_kind, an_owner, a_currency);
    rest  bigint;
    taken bigint;
BEGIN
    SELECT sum(amount) - debit INTO rest FROM unnest(held) amount;
    IF rest < 0 THEN
        PERFORM ledger_short(a_kind, an_owner, a_currency);
    ELSIF rest >= debit * 16 THEN
        UPDATE ledger_balance_fund SET amount = rest / 16 + (stripe < rest % 16)::int
         WHERE kind = a_kind AND owner = an_owner AND currency = a_currency;
        RETURN true;
    END IF;
    FOR place IN 1 .. 16 LOOP
        taken := least(held[place], debit);
        CONTINUE WHEN taken = 0;
        debit := debit - taken;
        UPDATE ledger_balance_fund SET amount = amount - taken
         WHERE kind = a_kind AND owner = an_owner AND currency = a_currency AND stripe = place - 1;
    END LOOP;
    RETURN true;
END
$$;

-- Debts (never above zero).
CREATE FUNCTION ledger_move_debt(a_kind text, an_owner uuid, a_currency text, delta bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger_balance_debt SET amount = amount + delta
     WHERE kind = a_kind AND owner = an_owner AND currency = a_currency AND stripe = 0
       AND amount + delta <= 0;
    IF FOUND THEN
        RETURN true;
    ELSIF delta > 0 THEN
        RAISE EXCEPTION 'more repaid than account % % owes', a_kind, an_owner
            USING ERRCODE = 'LT004', DETAIL = a_kind || ' ' || an_owner || ' ' || a_currency;
    END IF;
    INSERT INTO ledger_balance_debt AS b (kind, owner, currency, amount)
    VALUES (a_kind, an_owner, a_currency, delta)
    ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = b.amount + excluded.amount;
    RETURN true;
END
$$;

-- An order's escrow (never below zero); a_within is the merchant it belongs to. Credit first
-- inserts, because an escrow is mostly credited once.
CREATE FUNCTION ledger_move_escrow(an_owner uuid, a_currency text, delta bigint, a_within uuid)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF delta > 0 THEN
        INSERT INTO ledger_balance_escrow AS b (kind, owner, currency, stripe, amount, within)
        VALUES ('E', an_owner, a_currency, 0, delta, a_within)
        ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = b.amount + excluded.amount;
        RETURN true;
    END IF;
    UPDATE ledger_balance_escrow SET amount = amount + delta
     WHERE kind = 'E' AND owner = an_owner AND currency = a_currency AND stripe = 0
       AND amount + delta >= 0;
    IF NOT FOUND THEN
        PERFORM ledger_short('E', an_owner, a_currency);
    END IF;
    RETURN true;
END
$$;

-- Gateways, banks, fees, losses (any sign): always the session's own stripe.
CREATE FUNCTION ledger_move_open(a_kind text, an_owner uuid, a_currency text, delta bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    own smallint := pg_backend_pid() % 16;
BEGIN
    UPDATE ledger_balance_open SET amount = amount + delta
     WHERE kind = a_kind AND owner = an_owner AND currency = a_currency AND stripe = own;
    IF NOT FOUND THEN
        INSERT INTO ledger_balance_open AS b (kind, owner, currency, stripe, amount)
        VALUES (a_kind, an_owner, a_currency, own, delta)
        ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = b.amount + excluded.amount;
    END IF;
    RETURN true;
END
$$;

-- Some of these journals were there before: every given leg must be the stored one, none may be
-- missing, and no leg may just have been added to an old journal.
CREATE FUNCTION ledger_check_replay(
    kinds text[], owners uuid[], currencies text[], journals uuid[], numbers smallint[], names text[],
    debits smallint[], credits smallint[], amounts bigint[], fresh boolean[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed uuid;
BEGIN
    SELECT coalesce(l.journal, t.journal) INTO changed
      FROM unnest(journals, numbers, names, debits, credits, amounts)
        AS t(journal, n, posting, debit, credit, amount)
      FULL JOIN (SELECT * FROM ledger_leg WHERE journal = ANY (journals)) l
        ON l.journal = t.journal AND l.n = t.n
     WHERE (l.posting, l.amount, l.currency, l.debit_kind, l.debit_owner, l.credit_kind, l.credit_owner)
           IS DISTINCT FROM
           (t.posting, t.amount, currencies[t.debit], kinds[t.debit], owners[t.debit], kinds[t.credit],
            owners[t.credit])
     LIMIT 1;
    IF changed IS NULL THEN
        SELECT t.journal INTO changed FROM unnest(journals, fresh) AS t(journal, new)
         GROUP BY t.journal HAVING bool_or(t.new) AND NOT bool_and(t.new) LIMIT 1;
    END IF;
    IF changed IS NOT NULL THEN
        RAISE EXCEPTION 'journal % was posted before with other legs', changed
            USING ERRCODE = 'LT002', DETAIL = changed::text;
    END IF;
END
$$;

-- Called last by `ledger_post`: these rows stand behind all balances in the order of locks, and are
-- taken in an order of their own.
CREATE FUNCTION ledger_hold(kinds text[], withins uuid[], currencies text[], deltas bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_held AS h (owner, currency, stripe, amount)
    SELECT within, currency, pg_backend_pid() % 16, sum(delta)
      FROM unnest(kinds, withins, currencies, deltas) AS t(kind, within, currency, delta)
     WHERE kind = 'E' AND delta <> 0
     GROUP BY within, currency ORDER BY within, currency
        ON CONFLICT (owner, currency, stripe) DO UPDATE SET amount = h.amount + excluded.amount;
END
$$;

-- Post journals: legs once, balances by what is new. The first four arrays are the accounts
-- (`withins`: the merchant of an escrow); one element of the others is one leg, sorted by journal,
-- numbered from 0 in it, `debits` and `credits` being places among the accounts. Returns how many
-- legs were new. A journal that is there with the same legs changes nothing, with others is LT002;
-- money that is not there is LT001, more repaid than owed LT004.
CREATE FUNCTION ledger_post(
    kinds text[], owners uuid[], currencies text[], withins uuid[],
    journals uuid[], numbers smallint[], names text[], debits smallint[], credits smallint[],
    amounts bigint[], moment timestamptz
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    given    integer := cardinality(journals);
    inserted integer := 0;
    fresh    boolean[] := array_fill(false, ARRAY[given]);
    deltas   bigint[] := array_fill(0::bigint, ARRAY[cardinality(kinds)]);
    debit    smallint;
    credit   smallint;
    delta    bigint;
    done     boolean;
BEGIN
    FOR k IN 1 .. given LOOP
        debit := debits[k];
        credit := credits[k];
        INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner,
                                amount, currency, at)
        VALUES (journals[k], numbers[k], names[k], kinds[debit], owners[debit], kinds[credit],
                owners[credit], amounts[k], currencies[debit], moment)
            ON CONFLICT (journal, n) DO NOTHING;
        IF FOUND THEN
            fresh[k] := true;
            inserted := inserted + 1;
            deltas[debit] := deltas[debit] - amounts[k];
            deltas[credit] := deltas[credit] + amounts[k];
        END IF;
    END LOOP;
    IF inserted < given THEN
        PERFORM ledger_check_replay(kinds, owners, currencies, journals, numbers, names, debits, credits,
                                    amounts, fresh);
    END IF;
    FOR a IN 1 .. cardinality(kinds) LOOP
        delta := deltas[a];
        CONTINUE WHEN delta = 0;
        CASE kinds[a]
        WHEN 'E' THEN
            done := ledger_move_escrow(owners[a], currencies[a], delta, withins[a]);
        WHEN 'D', 'DB' THEN
            done := ledger_move_debt(kinds[a], owners[a], currencies[a], delta);
        WHEN 'G', 'B', 'F', 'L' THEN
            done := ledger_move_open(kinds[a], owners[a], currencies[a], delta);
        ELSE
            done := ledger_move_fund(kinds[a], owners[a], currencies[a], delta);
        END CASE;
    END LOOP;
    IF 'E' = ANY (kinds) THEN
        PERFORM ledger_hold(kinds, withins, currencies, deltas);
    END IF;
    RETURN inserted;
END
$$;
