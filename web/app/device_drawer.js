// One device opened: how it is and why, its newest readings, the last hour.

import { get } from "./api.js";
import { cases, vehicles } from "./city.js";
import { chart, short } from "./chart.js";
import { commandsOf } from "./command_panel.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { notify } from "./notices.js";
import { route } from "./route.js";
import { ago, moment } from "./times.js";
import { loadToday } from "./trip.js";
import { said, t } from "./words.js";

const MAIN = { cover: "tilt_deg", lamp: "power_w", cabinet: "power_w", pressure: "pressure_kpa", gauge: "depth_mm", platform: "disk_used_pct" };
const HOUR_MS = 3_600_000;
const SIMULATED = 128;

/** Load a device and return what its drawer holds. */
export async function deviceView(id) {
  const { device, last } = await get(`/devices/${id}`);
  const samples = await lastHour(device, last);
  const vehicle = vehicles.value.get(id);
  return fill(el("article.device-view"),
    head(device),
    section("", [facts(device, vehicle)]),
    device.kind === "vehicle" ? trackButton(device) : null,
    related(id),
    await commandsOf(device),
    samples.rows.length > 1 ? section("device.hour", [figure(samples)]) : null,
    last.length ? section("device.last", [table(last)]) : null);
}

async function lastHour(device, last) {
  const quantity = MAIN[device.kind];
  const facts = last.find((row) => row.reading.quantity === quantity);
  if (!facts) return { rows: [] };
  const from = new Date(Date.now() - HOUR_MS).toISOString();
  const page = await get(`/devices/${device.id}/readings?quantity=${quantity}&from=${from}`);
  return { rows: page.items, facts };
}

function head(device) {
  const why = device.state === "bad" ? said(device, "alarm") || t("why.alarm") : t(`why.${device.state_reason}`);
  return el("header.device-head", { "data-state": device.state },
    el("span.device-mark", {}, icon(device.kind, 22)),
    el("div", {},
      el("h2", { text: device.kind === "vehicle" ? device.vehicle_code : device.code }),
      el("p", { text: said(device, "name") })),
    el("p.device-state", {}, el("b", { "data-mark": device.state, text: t(`state.${device.state}`) }), el("span", { text: why })));
}

function section(title, children) {
  return el("section", {}, title ? el("h3", { text: t(title) }) : null, ...children);
}

function facts(device, vehicle) {
  const pairs = [
    ["device.heard", device.heard_at ? `${ago(device.heard_at)} · ${moment(device.heard_at)}` : t("why.never-heard")],
    ["device.unit", vehicle ? said(vehicle, "unit") : ""],
    ["device.speed", vehicle && vehicle.speed_kmh !== null ? `${Math.round(vehicle.speed_kmh)} km/h` : ""],
    ["device.fix", vehicle?.fixed_us ? moment(vehicle.fixed_us / 1000) : ""],
    ["case.address", device.address_zh],
    ["device.cell", device.cell_code],
    ["device.component", device.component_code],
    ["device.code", device.kind === "vehicle" ? device.code : ""],
    ["device.gateway", device.gateway],
    ["device.upstream", device.upstream_code],
    ["device.interval", t("unit.s", { n: device.expected_interval_s })],
  ];
  return el("dl.facts", {}, pairs.filter(([, text]) => text).flatMap(([key, text]) => [el("dt", { text: t(key) }), el("dd", { text })]));
}

function trackButton(device) {
  const load = async () => {
    try {
      await loadToday(device.vehicle_id);
    } catch (problem) {
      notify(problem.message, { tone: "bad" });
    }
  };
  return el("button.primary.track-open", { type: "button", on: { click: load } }, icon("route"), t("device.track"));
}

function related(id) {
  const rows = [...cases.value.values()].filter((row) => row.device_id === id);
  if (!rows.length) return null;
  return section("device.cases", rows.map((row) => el("button.related", {
    type: "button", "data-severity": row.severity, on: { click: () => route.open("case", row.id) },
  }, el("strong", { text: said(row, "title") }), el("time", { datetime: row.opened_at, text: ago(row.opened_at) }))));
}

function figure({ rows, facts: { reading, unit, name_zh: zh, name_en: en } }) {
  const samples = rows.map((row) => ({ at: Date.parse(row.measured_at), value: row.value }));
  const name = said({ name_zh: zh, name_en: en }, "name") || reading.quantity;
  return el("figure.evidence", {}, chart({ before: samples, unit }),
    el("figcaption", {}, el("span", { text: unit ? `${name} · ${unit}` : name })));
}

function table(last) {
  return el("table.last", {}, el("tbody", {}, last.map(({ reading, unit, name_zh: zh, name_en: en }) => el("tr", {},
    el("th", { scope: "row", text: said({ name_zh: zh, name_en: en }, "name") }),
    el("td", {}, reading.value === null ? el("i", { text: t("device.never") }) : value(reading, unit)),
    el("td.when", { text: reading.measured_at ? ago(reading.measured_at) : "" })))));
}

function value(reading, unit) {
  const doubts = [1, 2, 4, 8, 16, 32, 64, 256, 512].filter((bit) => reading.quality & bit & ~SIMULATED);
  const text = unit ? `${short(reading.value)} ${unit}` : isFlag(reading) ? t(reading.value ? "flag.on" : "flag.off") : short(reading.value);
  return el("span", {}, el("b", { text }), doubts.map((bit) => el("em.tag", { text: t(`quality.${bit}`) })));
}

function isFlag(reading) {
  return reading.value === 0 || reading.value === 1;
}
