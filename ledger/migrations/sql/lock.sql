-- Lock the named accounts, given in the till's order, and tell their amounts. A row that is not there yet is
-- made first: what can't be locked would be locked later, behind accounts that stand after it, by whoever
-- makes it (two such transactions and one that finds the row wait in a circle).
CREATE OR REPLACE FUNCTION ledger_lock(kinds text[], owners uuid[], a_currency text) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    amounts bigint[];
    total   bigint;
BEGIN
    FOR a IN 1 .. cardinality(kinds) LOOP
        IF kinds[a] IN ('D', 'DB') THEN
            INSERT INTO ledger_balance_debt (kind, owner, currency, amount)
            VALUES (kinds[a], owners[a], a_currency, 0)
                ON CONFLICT (owner, kind, currency, stripe) DO NOTHING;
        ELSIF kinds[a] IN ('W', 'S') THEN
            INSERT INTO ledger_balance_fund (kind, owner, currency, stripe, amount)
            VALUES (kinds[a], owners[a], a_currency, 0, 0)
                ON CONFLICT (owner, kind, currency, stripe) DO NOTHING;
        END IF;
        IF kinds[a] IN ('W', 'S', 'E', 'D', 'DB') THEN
            SELECT amount INTO total FROM ledger_balance
             WHERE kind = kinds[a] AND owner = owners[a] AND currency = a_currency FOR UPDATE;
        ELSE
            SELECT sum(held) INTO total FROM unnest(ledger_lock_stripes(kinds[a], owners[a], a_currency)) held;
        END IF;
        amounts[a] := coalesce(total, 0);
    END LOOP;
    RETURN amounts;
END
$$;
