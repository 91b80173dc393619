-- Maintenance windows may name a gateway and all that it speaks for, or one device alone.

ALTER TABLE maintenance_window
    ADD COLUMN gateway_id integer REFERENCES gateway (id),
    ADD COLUMN device_id  integer REFERENCES device (id);

-- What a window names is checked anew; the old check was never given a name.
DO $$
DECLARE
    old name;
BEGIN
    SELECT conname INTO STRICT old FROM pg_constraint
    WHERE conrelid = 'maintenance_window'::regclass AND contype = 'c'
        AND pg_get_constraintdef(oid) LIKE '%num_nonnulls%';
    EXECUTE format('ALTER TABLE maintenance_window DROP CONSTRAINT %I', old);
END $$;
ALTER TABLE maintenance_window ADD CONSTRAINT maintenance_window_names CHECK
    (num_nonnulls(component_id, circuit_id, cell_id, rule, gateway_id, device_id) > 0);
