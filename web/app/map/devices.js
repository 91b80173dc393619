// The devices' layer: one mark each, redrawn where a state changed.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { devices } from "../city.js";
import { route } from "../route.js";
import { theme } from "../theme.js";
import { language, said, t } from "../words.js";
import { LAYERS, layers } from "./layers.js";
import { Mark } from "./marks.js";

const ORDER = { ok: 0, unknown: 1, bad: 2 };

/** Show the devices on a map. */
export function showDevices(map) {
  const renderer = L.canvas({ pane: "devices", padding: 0.3 });
  const marks = new Map();
  const draw = () => place(map, marks, renderer);
  devices.watch(draw);
  layers.watch(draw);
  route.watch(() => choose(marks));
  map.on("zoomend", () => marks.forEach((mark) => mark.setStyle({ size: sizeAt(map.getZoom()) })));
  theme.watch(() => marks.forEach((mark) => mark.redraw()));
}

/** Return a mark's size in pixels for a zoom. */
export function sizeAt(zoom) {
  if (zoom < 15) return 2;
  if (zoom < 16) return 2.8;
  if (zoom < 17) return 4;
  if (zoom < 18) return 6.5;
  return 9;
}

function place(map, marks, renderer) {
  const wanted = [...devices.value.values()].filter((device) => seen(device));
  const ids = new Set(wanted.map((device) => device.id));
  for (const [id, mark] of marks) {
    if (!ids.has(id)) {
      mark.remove();
      marks.delete(id);
    }
  }
  wanted.sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  for (const device of wanted) {
    const mark = marks.get(device.id);
    if (!mark) marks.set(device.id, made(device, renderer, map));
    else if (mark.options.state !== device.state) {
      mark.setStyle({ state: device.state });
      if (device.state === "bad") mark.bringToFront();
    }
  }
}

function seen(device) {
  if (device.kind === "vehicle" || device.lon === null) return false;
  return layers.value.has(device.kind) || !LAYERS.includes(device.kind);
}

function made(device, renderer, map) {
  const mark = new Mark([device.lat, device.lon], {
    renderer, pane: "devices", state: device.state, kind: device.kind,
    size: sizeAt(map.getZoom()), chosen: isChosen(device.id),
  });
  mark.on("click", () => route.open("device", device.id));
  mark.bindTooltip(() => tip(devices.value.get(device.id) ?? device), { direction: "top", offset: [0, -6] });
  return mark.addTo(map);
}

function tip(device) {
  const node = document.createElement("div");
  const name = document.createElement("b");
  name.textContent = `${device.code} · ${said(device, "name")}`;
  const state = document.createElement("span");
  const why = device.state === "bad" ? said(device, "alarm") || t("why.alarm") : t(`why.${device.state_reason}`);
  state.textContent = `${t(`state.${device.state}`)}${language() === "zh" ? "：" : ": "}${why}`;
  node.append(name, document.createElement("br"), state);
  return node;
}

function choose(marks) {
  for (const [id, mark] of marks) {
    const chosen = isChosen(id);
    if (mark.options.chosen !== chosen) mark.setStyle({ chosen });
    if (chosen) mark.bringToFront();
  }
}

function isChosen(id) {
  return route.value?.kind === "device" && route.value.id === id;
}
