// What the pen has drawn: the shape, the path with its rubber line, and where it is wrong.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { wrongs } from "../fences/crossings.js";
import { t } from "../words.js";
import { flipped, shapeLayers } from "./fences.js";
import { palette } from "./palette.js";

/** Draw a draft into a group; `pointer` is where the hand is, or null. */
export function drawDraft(map, group, row, pointer) {
  const colours = palette();
  group.clearLayers();
  const style = { pane: "pen", interactive: false };
  const bad = wrongs(row.shape, row.parts, row.radius_m).filter(({ at }) => at);
  const tone = bad.length || row.marks.length ? colours.bad : colours.accent;
  shapeLayers(map, row, { ...style, color: tone, weight: 2.5, opacity: 1, fillColor: tone, fillOpacity: 0.16 }).forEach((layer) => layer.addTo(group));
  drawPath(group, row, pointer, { ...style, color: colours.accent });
  for (const { at, key, text } of [...bad, ...row.marks]) wrongMark(group, at, text ?? t(key));
}

function drawPath(group, { shape, path, doing }, pointer, style) {
  if (!path.length) return;
  const points = pointer ? [...path, pointer] : path;
  L.polyline(flipped(points), { ...style, color: palette()["map-halo"], weight: 6, opacity: 0.8 }).addTo(group);
  L.polyline(flipped(points), { ...style, weight: 2.5 }).addTo(group);
  if (shape === "polygon" && points.length > 2) {
    L.polygon(flipped(points), { ...style, stroke: false, fillColor: doing === "hole" ? palette().bad : style.color, fillOpacity: 0.12 }).addTo(group);
    L.polyline(flipped([points.at(-1), points[0]]), { ...style, weight: 1.5, dashArray: "4 6" }).addTo(group);
  }
  path.forEach((point, i) => L.circleMarker(flipped([point])[0], {
    ...style, radius: i ? 5 : 8, weight: 2.5, fillColor: palette().panel, fillOpacity: 1,
  }).addTo(group));
}

function wrongMark(group, [lon, lat], words) {
  L.marker([lat, lon], {
    pane: "pen-handles", interactive: false, keyboard: false, zIndexOffset: 1000, alt: words, title: words,
    icon: L.divIcon({ className: "pen-wrong", iconSize: [26, 26], html: "<i>!</i>" }),
  }).addTo(group);
}
