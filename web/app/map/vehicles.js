// Vehicles, moving: each glides from its last fix to the new one as long as that took.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { vehicles } from "../city.js";
import { route } from "../route.js";
import { theme } from "../theme.js";
import { said, t } from "../words.js";
import { layers } from "./layers.js";
import { font, palette } from "./palette.js";

const GLIDE_MS = 1_200;
const JUMP_M = 300; // further than any vehicle goes between two fixes: do not glide
const STALE_MS = 60_000;
const PLATES_FROM_ZOOM = 17;
const still = matchMedia("(prefers-reduced-motion: reduce)");

L.Canvas.include({
  _drawArrow(arrow) {
    if (!this._drawing || arrow._empty()) return;
    drawArrow(this._ctx, { ...arrow._point, ...arrow.options });
  },
});

const Arrow = L.CircleMarker.extend({
  options: { radius: 26, course: 0, kind: "sanitation", plate: "", stale: false, chosen: false },

  _updatePath() {
    this._renderer._drawArrow(this);
  },

  _containsPoint(point) {
    return point.distanceTo(this._point) <= 14;
  },
});

/** Show the vehicles on a map. */
export function showVehicles(map) {
  const renderer = L.canvas({ pane: "vehicles", padding: 0.3 });
  const arrows = new Map();
  const draw = () => place(map, arrows, renderer);
  vehicles.watch(draw);
  layers.watch(draw);
  route.watch(draw);
  theme.watch(() => arrows.forEach(({ arrow }) => arrow.redraw()));
  map.on("zoomend", draw);
  setInterval(draw, 10_000); // what was not heard of grows stale
}

/** Draw one vehicle; `course` in degrees clockwise from north. */
export function drawArrow(context, { x, y, course, kind, plate, stale, chosen }) {
  context.save();
  context.translate(x, y);
  if (plate) label(context, plate);
  if (chosen) {
    context.beginPath();
    context.arc(0, 0, 15, 0, 2 * Math.PI);
    context.strokeStyle = palette().accent;
    context.lineWidth = 2.5;
    context.stroke();
  }
  context.rotate((course * Math.PI) / 180);
  context.beginPath();
  context.moveTo(0, -10);
  context.lineTo(7.5, 8);
  context.lineTo(0, 4.5);
  context.lineTo(-7.5, 8);
  context.closePath();
  context.fillStyle = stale ? palette()["map-land"] : palette()[kind];
  context.strokeStyle = stale ? palette().unknown : palette()["map-halo"];
  context.lineWidth = stale ? 2 : 1.6;
  context.fill();
  context.stroke();
  context.restore();
}

function label(context, text) {
  context.font = font(11, 600);
  context.textAlign = "center";
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = palette()["map-halo"];
  context.strokeText(text, 0, 23);
  context.fillStyle = palette().ink;
  context.fillText(text, 0, 23);
}

function place(map, arrows, renderer) {
  const on = layers.value.has("vehicle");
  const wanted = new Set();
  for (const vehicle of on ? vehicles.value.values() : []) {
    if (vehicle.lon === null || vehicle.lon === undefined) continue;
    wanted.add(vehicle.device_id);
    const known = arrows.get(vehicle.device_id);
    if (known) move(known, vehicle, map);
    else arrows.set(vehicle.device_id, made(vehicle, renderer, map));
  }
  for (const [id, { arrow }] of arrows) {
    if (!wanted.has(id)) {
      arrow.remove();
      arrows.delete(id);
    }
  }
}

function made(vehicle, renderer, map) {
  const arrow = new Arrow([vehicle.lat, vehicle.lon], { renderer, pane: "vehicles", ...look(vehicle, map) });
  arrow.on("click", () => route.open("device", vehicle.device_id));
  arrow.bindTooltip(() => tip(vehicle), { direction: "top", offset: [0, -10] });
  return { arrow: arrow.addTo(map), fixed_us: vehicle.fixed_us, gliding: 0 };
}

function move(known, vehicle, map) {
  const { arrow } = known;
  const wanted = look(vehicle, map);
  const changed = Object.keys(wanted).some((name) => wanted[name] !== arrow.options[name]);
  if (changed) arrow.setStyle(wanted);
  if (known.fixed_us === vehicle.fixed_us) return;
  known.fixed_us = vehicle.fixed_us;
  cancelAnimationFrame(known.gliding);
  glide(known, arrow.getLatLng(), L.latLng(vehicle.lat, vehicle.lon), performance.now());
}

function glide(known, from, to, start) {
  if (still.matches || document.hidden || from.distanceTo(to) > JUMP_M) {
    known.arrow.setLatLng(to);
    return;
  }
  const step = (now) => {
    const share = Math.min((now - start) / GLIDE_MS, 1);
    known.arrow.setLatLng([from.lat + (to.lat - from.lat) * share, from.lng + (to.lng - from.lng) * share]);
    if (share < 1) known.gliding = requestAnimationFrame(step);
  };
  known.gliding = requestAnimationFrame(step);
}

function look(vehicle, map) {
  const age = Date.now() - Date.parse(vehicle.received_at ?? 0);
  const chosen = route.value?.kind === "device" && route.value.id === vehicle.device_id;
  return {
    course: Math.round(vehicle.course_deg ?? 0), kind: vehicle.kind, stale: age > STALE_MS, chosen,
    plate: chosen || map.getZoom() >= PLATES_FROM_ZOOM ? vehicle.vehicle_code : "",
  };
}

function tip(vehicle) {
  const node = document.createElement("div");
  const name = document.createElement("b");
  name.textContent = `${vehicle.vehicle_code} · ${said(vehicle, "name")}`;
  const speed = document.createElement("span");
  const kmh = vehicle.speed_kmh;
  speed.textContent = kmh === null ? said(vehicle, "unit") : `${Math.round(kmh)} km/h · ${said(vehicle, "unit")}`;
  node.append(name, document.createElement("br"), speed);
  node.title = t("kind.vehicle");
  return node;
}
