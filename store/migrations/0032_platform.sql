-- The platform as one of its own devices: a kind, and a transport without a wire.

ALTER TABLE profile
    DROP CONSTRAINT profile_kind_check,
    ADD CONSTRAINT profile_kind_check CHECK (kind IN (
        'cover', 'lamp', 'cabinet', 'pressure', 'gauge', 'vehicle', 'platform'));

ALTER TABLE gateway
    DROP CONSTRAINT gateway_transport_check,
    ADD CONSTRAINT gateway_transport_check CHECK (transport IN (
        'mqtt', 'modbus_tcp', 'modbus_rtu_tcp', 'modbus_rtu', 'nmea', 'jt808', 'sl651', 'hj212',
        'self'));
