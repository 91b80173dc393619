-- What a backtest needs to let a rule break where it broke.

-- The plan that broke on the entry `from_seq`, so that `pieces` judged that very entry instead; in pieces as well.
-- NULL where none broke.
ALTER TABLE plan_source ADD COLUMN broken text[];
