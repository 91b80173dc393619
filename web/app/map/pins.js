// Cases on the map: one pin each, in the colour of its severity.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { cases } from "../city.js";
import { el } from "../dom.js";
import { icon } from "../icons.js";
import { unpressed } from "../press.js";
import { route } from "../route.js";
import { said, tongue } from "../words.js";
import { layers } from "./layers.js";

const MOST = 300;
const SIZE = 30;
const RANK = { critical: 3000, major: 2000, minor: 1000 };

/** Show the listed cases on a map. */
export function showPins(map) {
  const pins = new Map();
  const draw = unpressed(() => place(map, pins));
  cases.watch(draw);
  layers.watch(draw);
  route.watch(() => choose(pins));
  tongue.watch(() => pins.forEach((pin) => pin.setIcon(look(pin.row))));
}

function place(map, pins) {
  const rows = layers.value.has("cases") ? [...cases.value.values()].filter((row) => row.lon !== null) : [];
  const wanted = new Map(rows.slice(0, MOST).map((row) => [row.id, row]));
  for (const [id, pin] of pins) {
    if (!wanted.has(id)) {
      pin.remove();
      pins.delete(id);
    }
  }
  for (const row of wanted.values()) {
    const pin = pins.get(row.id);
    if (!pin) pins.set(row.id, made(map, row));
    else if (pin.row !== row) {
      Object.assign(pin, { row });
      pin.setIcon(look(row));
    }
  }
}

function made(map, row) {
  const pin = L.marker([row.lat, row.lon], {
    icon: look(row), riseOnHover: true, zIndexOffset: RANK[row.severity], keyboard: true,
    title: said(row, "title"), alt: said(row, "title"),
  });
  pin.row = row;
  pin.on("click", () => route.open("case", row.id));
  return pin.addTo(map);
}

function look(row) {
  const state = row.closed_at ? "closed" : row.recovered_at ? "recovered" : "open";
  const chosen = isChosen(row.id) ? " chosen" : "";
  return L.divIcon({
    className: `pin ${row.severity} ${state}${chosen}`,
    iconSize: [SIZE, SIZE + 6],
    iconAnchor: [SIZE / 2, SIZE + 6],
    html: el("div.pin-body", {}, icon(row.device_kind, 17)),
  });
}

function choose(pins) {
  for (const [id, pin] of pins) pin.getElement()?.classList.toggle("chosen", isChosen(id));
}

function isChosen(id) {
  return route.value?.kind === "case" && route.value.id === id;
}
