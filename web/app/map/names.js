// Names on the map: streets along their line, water and parks, cell codes close up.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { theme } from "../theme.js";
import { said, tongue } from "../words.js";
import { layers } from "./layers.js";
import { font, palette } from "./palette.js";

const CELLS_FROM_ZOOM = 17;
const LANES_FROM_ZOOM = 16.5;
const STREETS_FROM_ZOOM = 15.5;
const RANKS = ["arterial", "street", "lane"];

/** Draw the names above the ground. */
export function showNames(map, basemap, grid) {
  const names = new Names(wordsOf(basemap, grid)).addTo(map);
  const again = () => names.redraw();
  layers.watch(again);
  theme.watch(again);
  tongue.watch(again);
}

function wordsOf(basemap, grid) {
  const features = basemap.features.filter((feature) => said(feature.properties, "name"));
  const streets = features.filter((feature) => feature.properties.kind === "street")
    .sort((a, b) => RANKS.indexOf(a.properties.class) - RANKS.indexOf(b.properties.class));
  return {
    areas: features.filter((feature) => ["water", "park"].includes(feature.properties.kind)),
    streets,
    cells: grid.features,
  };
}

const Names = L.Layer.extend({
  initialize(words) {
    this._words = words;
  },

  onAdd(map) {
    this._map = map;
    this._canvas = L.DomUtil.create("canvas", "names leaflet-zoom-hide", map.getPane("names"));
    map.on("moveend zoomend resize", this.redraw, this);
    this.redraw();
  },

  redraw() {
    if (!this._map) return;
    const size = this._map.getSize();
    const ratio = devicePixelRatio || 1;
    Object.assign(this._canvas, { width: size.x * ratio, height: size.y * ratio });
    Object.assign(this._canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([0, 0]));
    const context = this._canvas.getContext("2d");
    context.scale(ratio, ratio);
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
    new Sheet(context, this._map, size).write(this._words);
  },
});

/** One drawing of all names; a name that would touch another is left out. */
class Sheet {
  #taken = [];

  constructor(context, map, size) {
    Object.assign(this, { context, map, size, zoom: map.getZoom() });
  }

  write({ areas, streets, cells }) {
    if (layers.value.has("names")) {
      for (const street of streets) this.#street(street);
      for (const area of areas) this.#area(area);
    }
    if (layers.value.has("grid") && this.zoom >= CELLS_FROM_ZOOM) cells.forEach((cell) => this.#cell(cell));
  }

  #street({ properties, geometry }) {
    const rank = properties.class;
    if (this.zoom < { lane: LANES_FROM_ZOOM, street: STREETS_FROM_ZOOM }[rank]) return;
    const text = said(properties, "name");
    this.context.font = font(rank === "arterial" ? 13 : 11.5, rank === "arterial" ? 600 : 500);
    const width = this.context.measureText(text).width;
    for (const leg of this.#legs(geometry.coordinates, width + 16)) {
      if (this.#put(text, leg.x, leg.y, leg.angle, width, palette()["map-label"])) return;
    }
  }

  /** Return the middles of the visible stretches that are long enough, the longest first. */
  #legs(coordinates, least) {
    const points = coordinates.map(([lon, lat]) => this.map.latLngToContainerPoint([lat, lon]));
    const legs = [];
    for (let i = 0; i + 1 < points.length; i += 1) {
      let j = i + 1;
      while (j + 1 < points.length && points[i].distanceTo(points[j]) < least) j += 1;
      const length = points[i].distanceTo(points[j]);
      const [x, y] = [(points[i].x + points[j].x) / 2, (points[i].y + points[j].y) / 2];
      if (length >= least && this.#inside(x, y)) legs.push({ x, y, length, angle: upright(points[i], points[j]) });
    }
    return legs.sort((a, b) => this.#off(a) - this.#off(b));
  }

  #area({ properties, geometry }) {
    const centre = L.geoJSON(geometry).getBounds().getCenter();
    const { x, y } = this.map.latLngToContainerPoint(centre);
    const text = said(properties, "name");
    this.context.font = font(12, 500);
    this.#put(text, x, y, 0, this.context.measureText(text).width, palette()["map-label"]);
  }

  #cell({ properties, geometry }) {
    const centre = L.geoJSON(geometry).getBounds().getCenter();
    const { x, y } = this.map.latLngToContainerPoint(centre);
    this.context.font = font(10.5, 500);
    const text = properties.code.replace(/^(\d{6})(\d{3})(\d{3})/, "$1 $2 $3 ");
    this.#put(text, x, y, 0, this.context.measureText(text).width, palette()["map-cell"]);
  }

  #put(text, x, y, angle, width, colour) {
    if (!this.#inside(x, y)) return false;
    const [w, h] = [Math.abs(Math.cos(angle)) * width + 12, Math.abs(Math.sin(angle)) * width + 14];
    const box = { left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 };
    if (this.#taken.some((other) => touches(box, other))) return false;
    this.#taken.push(box);
    this.context.save();
    this.context.translate(x, y);
    this.context.rotate(angle);
    this.context.lineWidth = 3.5;
    this.context.strokeStyle = palette()["map-halo"];
    this.context.strokeText(text, 0, 0);
    this.context.fillStyle = colour;
    this.context.fillText(text, 0, 0);
    this.context.restore();
    return true;
  }

  #inside(x, y) {
    return x > 20 && y > 12 && x < this.size.x - 20 && y < this.size.y - 12;
  }

  #off({ x, y }) {
    return Math.hypot(x - this.size.x / 2, y - this.size.y / 2);
  }
}

function upright(a, b) {
  const angle = Math.atan2(b.y - a.y, b.x - a.x);
  return angle > Math.PI / 2 || angle <= -Math.PI / 2 ? angle + Math.PI : angle;
}

function touches(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
