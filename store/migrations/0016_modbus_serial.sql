-- Modbus RTU on a serial line of ours: host is the device's path, line how it is set.

ALTER TABLE gateway
    DROP CONSTRAINT gateway_transport_check,
    ADD CONSTRAINT gateway_transport_check CHECK (transport IN (
        'mqtt', 'modbus_tcp', 'modbus_rtu_tcp', 'modbus_rtu', 'nmea', 'jt808', 'sl651', 'hj212')),
    ADD COLUMN line text NOT NULL DEFAULT '',  -- such as '9600 8N1'
    ADD CHECK ((line <> '') = (transport = 'modbus_rtu'));
