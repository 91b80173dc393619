-- What a geofence is for, as one word rules may name: depot, site, no_entry, route, …

ALTER TABLE geofence
    ADD COLUMN kind text NOT NULL DEFAULT '' CHECK (kind ~ '^([a-z][a-z0-9_]*)?$');
