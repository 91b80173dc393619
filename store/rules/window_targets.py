"""What a maintenance window is asked to cover: codes found, and whose it is."""

from dataclasses import dataclass, field

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCodes:
    """What a window names; empty for anything.

    Attributes:
        component: Code of a component.
        circuit: Code of the device from which the circuit hangs.
        gateway: Code of a gateway.
        device: Code of a device alone.
        cell: Code of a grid cell.
        rule: Code of a rule.
    """

    component: str = ""
    circuit: str = ""
    gateway: str = ""
    device: str = ""
    cell: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTarget:
    """What a window covers.

    Attributes:
        component_id: The component; None for any. So the others.
        circuit_id: The device from which the circuit hangs.
        gateway_id: The gateway.
        device_id: The device alone.
        cell_id: The grid cell.
        rule: Code of the rule.
        parties: Units that maintain, own or oversee the component, that which the
            circuit's or the single device watches, or all that are watched behind the
            gateway.
        unknown: Fields whose codes nothing has.
    """

    component_id: int | None = None
    circuit_id: int | None = None
    gateway_id: int | None = None
    device_id: int | None = None
    cell_id: int | None = None
    rule: str | None = None
    parties: frozenset[int] = frozenset()
    unknown: tuple[str, ...] = field(default=())


_FIND = """
SELECT c.id AS component_id, d.id AS circuit_id, gw.id AS gateway_id,
    one.id AS device_id, g.id AS cell_id, r.code AS rule,
    array_remove(ARRAY[c.maintainer_id, c.owner_id, c.authority_id,
                       dc.maintainer_id, dc.owner_id, dc.authority_id,
                       oc.maintainer_id, oc.owner_id, oc.authority_id], NULL)
    || ARRAY(
        SELECT party FROM device b JOIN component bc ON bc.id = b.component_id,
            unnest(ARRAY[bc.maintainer_id, bc.owner_id, bc.authority_id]) AS party
        WHERE b.gateway_id = gw.id AND b.retired_at IS NULL AND party IS NOT NULL
        GROUP BY party HAVING count(DISTINCT b.id) = (
            SELECT count(*) FROM device
            WHERE gateway_id = gw.id AND retired_at IS NULL)) AS parties
FROM (SELECT 1) AS row
LEFT JOIN component c ON c.code = $1
LEFT JOIN device d ON d.code = $2
LEFT JOIN component dc ON dc.id = d.component_id
LEFT JOIN gateway gw ON gw.code = $5
LEFT JOIN device one ON one.code = $6
LEFT JOIN component oc ON oc.id = one.component_id
LEFT JOIN grid_cell g ON g.code = $3
LEFT JOIN (SELECT DISTINCT code FROM rule) AS r ON r.code = $4
"""


async def window_target(connection: Connection, codes: TargetCodes) -> WindowTarget:
    """Return what a window would cover, and which of its codes nothing has."""
    row = await connection.fetchrow(
        _FIND,
        codes.component,
        codes.circuit,
        codes.cell,
        codes.rule,
        codes.gateway,
        codes.device,
    )
    if row is None:
        raise AssertionError("a join to one row gave none")
    asked = {
        "component": (codes.component, row["component_id"]),
        "circuit": (codes.circuit, row["circuit_id"]),
        "gateway": (codes.gateway, row["gateway_id"]),
        "device": (codes.device, row["device_id"]),
        "cell": (codes.cell, row["cell_id"]),
        "rule": (codes.rule, row["rule"]),
    }
    return WindowTarget(
        component_id=row["component_id"],
        circuit_id=row["circuit_id"],
        gateway_id=row["gateway_id"],
        device_id=row["device_id"],
        cell_id=row["cell_id"],
        rule=row["rule"],
        parties=frozenset(row["parties"]),
        unknown=tuple(
            name for name, (code, found) in asked.items() if code and found is None
        ),
    )
