// Device marks on the canvas: state is told by shape as well as by colour.
//
//     ok       a filled dot
//     bad      a filled diamond with a ring, larger
//     unknown  a hollow ring

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { font, palette } from "./palette.js";

const GLYPHS = { cover: "井", lamp: "灯", cabinet: "箱", pressure: "压", gauge: "水", platform: "台" };
const WEIGHT = { cover: 1, lamp: 0.8, cabinet: 1.5, pressure: 1.15, gauge: 1.25, platform: 1.5 };
const GLYPH_FROM_PX = 7.5;

L.Canvas.include({
  _drawMark(mark) {
    if (!this._drawing || mark._empty()) return;
    const { x, y } = mark._point;
    const { state, kind, size, chosen } = mark.options;
    drawMark(this._ctx, { x, y, state, kind, size: size * (WEIGHT[kind] ?? 1), chosen });
  },
});

/** A device on the map. */
export const Mark = L.CircleMarker.extend({
  options: { state: "unknown", kind: "cover", size: 3, chosen: false, radius: 8 },

  _updatePath() {
    this._renderer._drawMark(this);
  },
});

/** Draw one mark; the legend draws the same ones. */
export function drawMark(context, { x, y, state, kind, size, chosen }) {
  context.save();
  context.translate(x, y);
  if (chosen) ring(context, size + 7, palette().accent, 2.5);
  SHAPES[state](context, size);
  if (size >= GLYPH_FROM_PX && GLYPHS[kind]) glyph(context, GLYPHS[kind], size, state);
  context.restore();
}

const SHAPES = {
  ok(context, size) {
    dot(context, size, palette().ok);
  },
  unknown(context, size) {
    dot(context, size, palette()["map-land"]);
    ring(context, size, palette().unknown, Math.max(1.4, size / 3.5));
  },
  bad(context, size) {
    const r = size * 1.25 + 2.5;
    ring(context, r + 3.5, palette().bad, 1.2);
    context.beginPath();
    context.moveTo(0, -r);
    context.lineTo(r, 0);
    context.lineTo(0, r);
    context.lineTo(-r, 0);
    context.closePath();
    context.fillStyle = palette().bad;
    context.strokeStyle = palette()["map-halo"];
    context.lineWidth = 1.4;
    context.fill();
    context.stroke();
  },
};

function dot(context, r, fill) {
  context.beginPath();
  context.arc(0, 0, r, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = palette()["map-halo"];
  context.lineWidth = r > 4 ? 1.4 : 0.7;
  context.stroke();
}

function ring(context, r, stroke, width) {
  context.beginPath();
  context.arc(0, 0, r, 0, 2 * Math.PI);
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.stroke();
}

function glyph(context, text, size, state) {
  context.font = font(Math.round(size * 1.15), 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = state === "unknown" ? palette().unknown : palette()["map-land"];
  context.fillText(text, 0, size * 0.06);
}
