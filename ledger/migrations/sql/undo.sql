DROP FUNCTION ledger_post(text[], uuid[], text[], uuid[], uuid[], smallint[], text[], smallint[], smallint[],
                          bigint[], timestamptz);
DROP FUNCTION ledger_hold(text[], uuid[], text[], bigint[]);
DROP FUNCTION ledger_check_replay(text[], uuid[], text[], uuid[], smallint[], text[], smallint[], smallint[],
                                  bigint[], boolean[]);
DROP FUNCTION ledger_lock(text[], uuid[], text);
DROP FUNCTION ledger_move_open(text, uuid, text, bigint);
DROP FUNCTION ledger_move_escrow(uuid, text, bigint, uuid);
DROP FUNCTION ledger_move_debt(text, uuid, text, bigint);
DROP FUNCTION ledger_move_fund(text, uuid, text, bigint);
DROP FUNCTION ledger_gather(text, uuid, text, bigint);
DROP FUNCTION ledger_lock_stripes(text, uuid, text);
DROP FUNCTION ledger_short(text, uuid, text);
DROP VIEW ledger_balance_row;
DROP VIEW ledger_leg_row;
DROP TABLE ledger_leg;
DROP FUNCTION ledger_refuse_change();
DROP TABLE ledger_balance;
DROP TABLE ledger_held;
