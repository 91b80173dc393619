// On the map: the geofences that an open explanation is about, and the fixes it was decided on.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { short } from "../chart.js";
import { el } from "../dom.js";
import { theme } from "../theme.js";
import { clock } from "../times.js";
import { said, tongue } from "../words.js";
import { proof } from "../why/proof.js";
import { palette } from "./palette.js";

const EARTH_M = 40_075_016.686;
const CLOSE_UP = 17;

/** Show what proves the open explanation. */
export function showProof(map) {
  const layer = L.layerGroup([], { pane: "tracks" }).addTo(map);
  const style = { pane: "tracks", renderer: L.svg({ pane: "tracks", padding: 0.5 }) };
  const corridors = [];
  const widen = () => corridors.forEach(({ line, radius_m, lat }) => line.setStyle({ weight: (2 * radius_m) / metresPerPixel(map, lat) }));
  const draw = () => {
    layer.clearLayers();
    corridors.length = 0;
    if (!proof.value) return;
    for (const fence of proof.value.fences) drawFence(layer, style, fence, corridors);
    drawFixes(layer, style, proof.value);
    widen();
  };
  proof.watch((value) => {
    draw();
    if (value) requestAnimationFrame(() => frame(map, value));
  });
  theme.watch(draw);
  tongue.watch(draw);
  map.on("zoomend", widen);
}

function metresPerPixel(map, lat) {
  return (EARTH_M * Math.cos((lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);
}

function drawFence(layer, base, fence, corridors) {
  const style = { ...base, color: palette().accent, weight: 2, dashArray: "6 5", fillOpacity: 0.08, className: "proof-fence" };
  const geometry = JSON.parse(fence.geometry);
  let shape;
  if (fence.shape === "circle") {
    const [lon, lat] = geometry.coordinates;
    shape = L.circle([lat, lon], { ...style, radius: fence.radius_m });
  } else if (fence.shape === "corridor") {
    const line = L.geoJSON(geometry, { ...style, style: { ...style, dashArray: null, opacity: 0.22 } });
    const lat = line.getBounds().getCenter().lat;
    corridors.push({ line, radius_m: fence.radius_m, lat });
    shape = line;
  } else {
    shape = L.geoJSON(geometry, { ...style, style });
  }
  // A node: Leaflet takes a string for HTML, and names are anybody's words.
  shape.bindTooltip(el("span", { text: `${said(fence, "name")} ${fence.code}` }), { sticky: true }).addTo(layer);
}

function drawFixes(layer, style, { fixes, decidedAt, words }) {
  if (fixes.length > 1) {
    L.polyline(fixes.map((fix) => [fix.lat, fix.lon]), { ...style, color: palette()["map-halo"], weight: 6, opacity: 0.8, interactive: false }).addTo(layer);
    L.polyline(fixes.map((fix) => [fix.lat, fix.lon]), { ...style, color: palette().accent, weight: 2.5, opacity: 0.9, interactive: false }).addTo(layer);
  }
  for (const fix of fixes) {
    const isDecision = fix.at === decidedAt;
    L.circleMarker([fix.lat, fix.lon], {
      ...style, className: `proof-fix${isDecision ? " decided" : ""}`, radius: isDecision ? 8 : 3.5, weight: isDecision ? 3 : 1.5,
      color: isDecision ? palette().bad : palette()["map-halo"], fillColor: palette().accent, fillOpacity: fix.is_before ? 1 : 0.45,
    }).bindTooltip(`${clock(fix.at)} ${fix.value === null ? "" : `${short(fix.value)} km/h`} ${words(fix)}`, { direction: "top" }).addTo(layer);
  }
}

/** Bring the fixes into view, and the fence as far as it lies about them. */
function frame(map, { fixes }) {
  if (!fixes.length) return;
  const bounds = L.latLngBounds(fixes.map((fix) => [fix.lat, fix.lon]));
  map.flyToBounds(bounds.pad(0.35), { maxZoom: CLOSE_UP, duration: 0.6 });
}
