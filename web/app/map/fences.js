// All geofences on the map, the chosen one, and before and after of a change.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { draft } from "../fences/draft.js";
import { circleRing, holds, metresPerDegree } from "../fences/measure.js";
import { chosen, compared, fences, wanted } from "../fences/sight.js";
import { loadFences } from "../fences/store.js";
import { route } from "../route.js";
import { theme } from "../theme.js";
import { said, tongue } from "../words.js";
import { layers } from "./layers.js";
import { palette } from "./palette.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const OPEN = new Set(["fences", "fence", "pen"]);

/** Show the geofences on a map while their drawer is open, or their layer is on. */
export function showFences(map) {
  const renderer = L.canvas({ pane: "fences", padding: 0.4 });
  const lines = L.layerGroup([], { pane: "fences" }).addTo(map);
  const label = L.tooltip({ direction: "top", className: "fence-tip", offset: [0, -4] });
  let asked = false;
  const draw = () => {
    lines.clearLayers();
    const isOn = layers.value.has("fences") || OPEN.has(route.value?.kind);
    if (isOn && !asked) {
      asked = true;
      loadFences().catch(() => { asked = false; });
    }
    if (isOn) drawAll(map, lines, { renderer, pane: "fences", interactive: false });
  };
  [fences, chosen, compared, layers, route, theme].forEach((signal) => signal.watch(draw));
  let edited = null;
  draft.watch((row) => {
    if ((row?.code ?? null) !== edited) draw();
    edited = row?.code ?? null;
  });
  map.on("zoomend", draw);
  wanted.watch((bounds) => bounds && fly(map, bounds));
  pointing(map, label);
}

/** Return layers for one shape; a corridor is as wide as it is on the ground. */
export function shapeLayers(map, { shape, parts, radius_m: radius }, look) {
  const style = { ...look, smoothFactor: 0.3 };
  if (shape === "polygon") return [L.polygon(parts.map((rings) => rings.map(flipped)), { ...style, lineJoin: "round" })];
  if (shape === "circle") return parts.flat(2).map((centre) => L.polygon(flipped(circleRing(centre, radius ?? 0)), style));
  return parts.flatMap(([line]) => [
    L.polyline(flipped(line), { ...style, weight: widthPx(map, line[0], radius), opacity: Math.max(style.fillOpacity, 0.1), color: style.fillColor, dashArray: null, lineCap: "round", lineJoin: "round" }),
    L.polyline(flipped(line), { ...style, lineJoin: "round" }),
  ]);
}

/** Return points as Leaflet takes them. */
export function flipped(points) {
  return points.map(([lon, lat]) => [lat, lon]);
}

/** Return the width in pixels of a band so many metres to both sides. */
function widthPx(map, [lon, lat], radius) {
  const [east] = metresPerDegree(lat);
  const side = map.latLngToLayerPoint([lat, lon + (2 * (radius ?? 0)) / east]);
  return Math.max(2, Math.abs(side.x - map.latLngToLayerPoint([lat, lon]).x));
}

function drawAll(map, lines, style) {
  const colours = palette();
  const edited = route.value?.kind === "pen" ? draft.value?.code ?? null : null;
  const rest = { ...style, color: colours.fence, weight: 1.6, opacity: edited === null ? 0.85 : 0.4, fillColor: colours.fence, fillOpacity: 0 };
  const mine = { ...style, color: colours.accent, weight: 3, opacity: 1, fillColor: colours.accent, fillOpacity: 0.18 };
  for (const fence of fences.value) {
    if (fence.code === edited || (fence.code === chosen.value && compared.value)) continue;
    const isChosen = fence.code === chosen.value;
    shapeLayers(map, fence, isChosen ? mine : rest).forEach((layer) => layer.addTo(lines));
  }
  const { before, after } = compared.value ?? {};
  if (before) shapeLayers(map, before, { ...mine, color: colours.unknown, fillColor: colours.unknown, dashArray: "6 5", fillOpacity: 0.08 }).forEach((layer) => layer.addTo(lines));
  if (after) shapeLayers(map, after, mine).forEach((layer) => layer.addTo(lines));
}

/** Where fences are on show: a point on the map is in the smallest that holds it. */
function pointing(map, label) {
  const canChoose = () => route.value?.kind === "fences" || route.value?.kind === "fence";
  map.on("mousemove", (event) => {
    const fence = canChoose() ? fenceAt(event.latlng) : null;
    if (!fence) label.remove();
    else label.setLatLng(event.latlng).setContent(named(fence)).addTo(map);
  });
  map.on("mouseout", () => label.remove());
  map.on("click", (event) => {
    const fence = canChoose() ? fenceAt(event.latlng) : null;
    label.remove();
    if (fence) route.open("fence", fence.code);
  });
  tongue.watch(() => label.remove());
}

function named(fence) {
  const node = document.createElement("div");
  const name = document.createElement("b");
  name.textContent = said(fence, "name");
  node.append(name, document.createElement("br"), `${fence.code} · ${fence.kind || "—"}`);
  return node;
}

function fenceAt({ lat, lng }) {
  const size = ([west, south, east, north]) => (east - west) * (north - south);
  return fences.value
    .filter(({ bounds: [west, south, east, north] }) => west <= lng && lng <= east && south <= lat && lat <= north)
    .sort((one, other) => size(one.bounds) - size(other.bounds))
    .find((fence) => holds(fence, [lng, lat])) ?? null;
}

/** Bring bounds into view, as large as fits; a single point only if it is not seen. */
function fly(map, [west, south, east, north]) {
  if (west === east && south === north) {
    if (!map.getBounds().pad(-0.1).contains([south, west])) map.panTo([south, west], { animate: !still.matches });
    return;
  }
  const bounds = L.latLngBounds([south, west], [north, east]);
  map.flyToBounds(bounds.pad(0.25), { duration: 0.6, maxZoom: 18, animate: !still.matches });
}
