"""Tortoise models of the registry's tables, for changes of one thing at a time.

The schema is `store/migrations/0001_registry.sql`; a test compares the two. What asks
for everything (`store.registry.facts`) or writes thousands (`store.registry.write`) is
SQL. A change goes through `devices.registry.changing`, which tells the rest of the
program.
"""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields import (
    NO_ACTION,
    ForeignKeyField,
    ForeignKeyNullableRelation,
    ForeignKeyRelation,
)
from tortoise.models import Model

Geometry = dict[str, object]
"""A GeoJSON geometry."""


class Unit(Model):
    """A responsible unit (责任单位)."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    kind = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()

    class Meta:
        """Where it is kept."""

        table = "unit"
        unique_together = (("code",),)


class GridCell(Model):
    """A cell of the unit grid (万米单元网格)."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    subdistrict: ForeignKeyRelation[Unit] = ForeignKeyField(
        "registry.Unit", related_name="cells", on_delete=NO_ACTION
    )
    polygon: fields.JSONField[Geometry] = fields.JSONField()
    area_m2 = fields.FloatField()
    initial_on = fields.DateField()
    ended_on = fields.DateField(null=True)

    class Meta:
        """Where it is kept."""

        table = "grid_cell"
        unique_together = (("code",),)


class Component(Model):
    """A component (部件)."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    scheme = fields.TextField()
    class_code = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    lon = fields.FloatField()
    lat = fields.FloatField()
    cell: ForeignKeyNullableRelation[GridCell] = ForeignKeyField(
        "registry.GridCell", related_name="components", null=True, on_delete=NO_ACTION
    )
    authority: ForeignKeyNullableRelation[Unit] = ForeignKeyField(
        "registry.Unit", related_name="overseen", null=True, on_delete=NO_ACTION
    )
    owner: ForeignKeyNullableRelation[Unit] = ForeignKeyField(
        "registry.Unit", related_name="owned", null=True, on_delete=NO_ACTION
    )
    maintainer: ForeignKeyNullableRelation[Unit] = ForeignKeyField(
        "registry.Unit", related_name="maintained", null=True, on_delete=NO_ACTION
    )
    state = fields.TextField(default="intact")
    upstream: "ForeignKeyNullableRelation[Component]" = ForeignKeyField(
        "registry.Component", related_name="fed", null=True, on_delete=NO_ACTION
    )
    address_zh = fields.TextField(default="")

    class Meta:
        """Where it is kept."""

        table = "component"
        unique_together = (("code",),)


class Geofence(Model):
    """An area vehicles are held against."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    shape = fields.TextField()
    geometry: fields.JSONField[Geometry] = fields.JSONField()
    radius_m = fields.FloatField(null=True)
    kind = fields.TextField(default="")

    class Meta:
        """Where it is kept."""

        table = "geofence"
        unique_together = (("code",),)


class Vehicle(Model):
    """A vehicle; its code is its number plate."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    kind = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    unit: ForeignKeyRelation[Unit] = ForeignKeyField(
        "registry.Unit", related_name="vehicles", on_delete=NO_ACTION
    )
    area: ForeignKeyNullableRelation[Geofence] = ForeignKeyField(
        "registry.Geofence", related_name="vehicles", null=True, on_delete=NO_ACTION
    )
    speed_limit_kmh = fields.FloatField(null=True)

    class Meta:
        """Where it is kept."""

        table = "vehicle"
        unique_together = (("code",),)


class Profile(Model):
    """What devices of one sort report, and how."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    kind = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    quantities = ArrayField("text")
    expected_interval_s = fields.FloatField()
    allowed_lateness_s = fields.FloatField(default=0.0)
    time_zone = fields.TextField(default="")
    datum = fields.TextField(default="wgs84")
    register_map = fields.TextField(default="")
    payload_codec = fields.TextField(default="")
    aliases = fields.TextField(default="")

    class Meta:
        """Where it is kept."""

        table = "profile"
        unique_together = (("code",),)


class Gateway(Model):
    """What devices speak through."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    transport = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    host = fields.TextField(default="")
    port = fields.IntField(default=0)
    simulated = fields.BooleanField(default=False)
    format = fields.TextField(default="gezhi")
    native_topics = fields.BooleanField(default=False)
    line = fields.TextField(default="")

    class Meta:
        """Where it is kept."""

        table = "gateway"
        unique_together = (("code",),)


class LampProgramme(Model):
    """When lamps are lit (亮灯方案)."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    on_below_deg = fields.FloatField()
    off_above_deg = fields.FloatField()
    margin_s = fields.FloatField()
    steps = fields.TextField(default="")

    class Meta:
        """Where it is kept."""

        table = "lamp_programme"
        unique_together = (("code",),)


class Device(Model):
    """A device; a retired one keeps its rows and gives up address and vehicle."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    profile: ForeignKeyRelation[Profile] = ForeignKeyField(
        "registry.Profile", related_name="devices", on_delete=NO_ACTION
    )
    gateway: ForeignKeyRelation[Gateway] = ForeignKeyField(
        "registry.Gateway", related_name="devices", on_delete=NO_ACTION
    )
    address = fields.TextField()
    component: ForeignKeyNullableRelation[Component] = ForeignKeyField(
        "registry.Component", related_name="devices", null=True, on_delete=NO_ACTION
    )
    vehicle: ForeignKeyNullableRelation[Vehicle] = ForeignKeyField(
        "registry.Vehicle", related_name="devices", null=True, on_delete=NO_ACTION
    )
    cell: ForeignKeyNullableRelation[GridCell] = ForeignKeyField(
        "registry.GridCell", related_name="devices", null=True, on_delete=NO_ACTION
    )
    upstream: "ForeignKeyNullableRelation[Device]" = ForeignKeyField(
        "registry.Device", related_name="fed", null=True, on_delete=NO_ACTION
    )
    lon = fields.FloatField(null=True)
    lat = fields.FloatField(null=True)
    simulated = fields.BooleanField(default=False)
    retired_at = fields.DatetimeField(null=True)
    programme: ForeignKeyNullableRelation[LampProgramme] = ForeignKeyField(
        "registry.LampProgramme", related_name="lit", null=True, on_delete=NO_ACTION
    )
    rated_w = fields.FloatField(null=True)

    class Meta:
        """Where it is kept."""

        table = "device"
        unique_together = (("code",),)


class Pipe(Model):
    """A stretch of water main (给水管段) between two nodes."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    name_zh = fields.TextField()
    name_en = fields.TextField()
    start_node = fields.TextField()
    end_node = fields.TextField()
    start_lon = fields.FloatField()
    start_lat = fields.FloatField()
    end_lon = fields.FloatField()
    end_lat = fields.FloatField()
    length_m = fields.FloatField()
    wave_m_s = fields.FloatField()

    class Meta:
        """Where it is kept."""

        table = "pipe"
        unique_together = (("code",),)


class Series(Model):
    """One quantity of one device."""

    id = fields.IntField(primary_key=True)
    device: ForeignKeyRelation[Device] = ForeignKeyField(
        "registry.Device", related_name="series", on_delete=NO_ACTION
    )
    quantity = fields.TextField()

    class Meta:
        """Where it is kept."""

        table = "series"
        unique_together = (("device", "quantity"),)
