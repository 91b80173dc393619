// The ground: land, water, parks and streets of the city's own base map, and its grid.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { theme } from "../theme.js";
import { layers } from "./layers.js";
import { palette } from "./palette.js";

const METRES_AT_ZOOM_0 = 156_543.034;
const ORDER = ["outline", "park", "water", "railway", "street"];
const CLASSES = ["lane", "street", "arterial"];
const WIDTH_M = { lane: 6, street: 12, arterial: 22 };
const LEAST_PX = { lane: 0.8, street: 1.6, arterial: 2.6 };

/**
 * Draw the ground.
 * @returns The bounds of what was drawn; null if there was nothing.
 */
export function showGround(map, basemap, grid) {
  const renderer = L.canvas({ pane: "ground", padding: 0.4 });
  const parts = [...basemap.features].sort(byOrder).flatMap((feature) => drawn(feature, renderer));
  parts.sort((a, b) => Number(a.isStreet ?? false) - Number(b.isStreet ?? false) || a.pass - b.pass);
  parts.forEach((part) => part.layer.addTo(map));
  const cells = L.geoJSON(grid, { renderer, pane: "ground", interactive: false, style: cellStyle });
  layers.watch((on) => (on.has("grid") ? cells.addTo(map) : cells.remove()));
  const style = () => {
    const scale = METRES_AT_ZOOM_0 * Math.cos((map.getCenter().lat * Math.PI) / 180) / 2 ** map.getZoom();
    parts.forEach((part) => part.layer.setStyle(part.style(scale)));
    cells.setStyle(cellStyle);
    map.getContainer().style.background = palette()["map-outside"];
  };
  map.on("zoomend", style);
  theme.watch(style);
  return bounds(parts, cells);
}

function byOrder(a, b) {
  return ORDER.indexOf(a.properties.kind) - ORDER.indexOf(b.properties.kind);
}

function drawn(feature, renderer) {
  const kind = feature.properties.kind;
  const make = (pass, style) => ({
    layer: L.geoJSON(feature, { renderer, pane: "ground", interactive: false }), pass, style, isStreet: kind === "street",
  });
  if (kind === "street") return street(feature, make);
  return [make(0, () => AREAS[kind]?.() ?? { stroke: false, fill: false })];
}

const AREAS = {
  outline: () => ({ stroke: true, color: palette()["map-casing"], weight: 1.5, fillColor: palette()["map-land"], fillOpacity: 1 }),
  park: () => ({ stroke: false, fillColor: palette()["map-park"], fillOpacity: 1 }),
  water: () => ({ stroke: false, fillColor: palette()["map-water"], fillOpacity: 1 }),
  railway: () => ({ fill: false, color: palette()["map-rail"], weight: 1.6, dashArray: "7 5" }),
};

function street(feature, make) {
  const { class: rank = "street", width_m: width } = feature.properties;
  const px = (scale) => Math.max((width ?? WIDTH_M[rank]) / scale, LEAST_PX[rank] ?? 1);
  const pass = 1 + CLASSES.indexOf(rank);
  const line = { fill: false, lineCap: "round", lineJoin: "round" };
  return [
    make(pass, (scale) => ({ ...line, color: palette()["map-casing"], weight: px(scale) + 2 })),
    make(pass + 10, (scale) => ({ ...line, color: palette()["map-street"], weight: px(scale) })),
  ];
}

function cellStyle() {
  return { fill: false, color: palette()["map-cell"], weight: 1, dashArray: "2 4", opacity: 0.9 };
}

function bounds(parts, cells) {
  const outline = parts.find((part) => !part.isStreet)?.layer.getBounds();
  const found = outline?.isValid() ? outline : cells.getBounds();
  return found.isValid() ? found : null;
}
