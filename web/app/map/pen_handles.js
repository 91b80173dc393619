// The handles of a shape: corners to drag, ghosts between them that become corners, the middle
// that moves it all, and the one that sets a radius. All can be reached and moved by keyboard.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { draft, drop, held, note, redrawing, redrawn } from "../fences/draft.js";
import { cornersOf, ghostsOf, inserted, moved, shifted } from "../fences/edits.js";
import { beside, distanceM, fromLineM, middle, rounded } from "../fences/measure.js";
import { t } from "../words.js";

const MOST = 240; // handles at once; of a larger shape those in view
const STEP_PX = 2;
const LEAP_PX = 20;
const SIZE = { corner: 16, ghost: 12, whole: 28, radius: 18 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Put the handles of a draft into a group. */
export function drawHandles(map, group, row) {
  group.clearLayers();
  if (row.doing !== "edit" || !row.parts.length) return;
  const inView = ({ point: [lon, lat] }) => map.getBounds().pad(0.1).contains([lat, lon]);
  const corners = cornersOf(row.parts).filter(inView).slice(0, MOST);
  const ghosts = corners.length < MOST ? ghostsOf(row.shape, row.parts).filter(inView).slice(0, MOST) : [];
  if (row.shape !== "circle") ghosts.filter(({ point }) => isApart(map, point, corners)).forEach((place) => ghost(map, group, place));
  if (row.shape !== "polygon") radius(map, group, row);
  corners.forEach((place) => corner(map, group, row, place));
  if (row.shape !== "circle") whole(map, group, row, corners);
}

/** Set where the keyboard is after the handles were drawn anew. */
export function focusHandle(key) {
  if (key) document.querySelector(`.pen-handle[data-key="${key}"]`)?.focus({ preventScroll: true });
}

function corner(map, group, row, place) {
  const key = `${place.part}-${place.ring}-${place.at}`;
  const isChosen = row.chosen && key === `${row.chosen.part}-${row.chosen.ring}-${row.chosen.at}`;
  const name = row.shape === "circle" ? "pen.centre" : "pen.corner";
  const mark = handle(map, group, place.point, {
    kind: "corner", key, name: t(name, { n: place.at + 1 }), isChosen,
    onMove: (start, point) => ({ parts: moved(start.parts, place, point) }),
    onPress: () => note({ chosen: isChosen ? null : { part: place.part, ring: place.ring, at: place.at } }),
  });
  mark.on("contextmenu", (event) => {
    L.DomEvent.stop(event);
    drop(place);
  });
}

function ghost(map, group, place) {
  handle(map, group, place.point, {
    kind: "ghost", key: `g${place.part}-${place.ring}-${place.at}`, name: t("pen.ghost"),
    onMove: (start, point) => ({ parts: inserted(start.parts, place, point) }),
    onPress: () => redrawn({ parts: inserted(draft.value.parts, place, place.point), chosen: { part: place.part, ring: place.ring, at: place.at } }),
  });
}

function whole(map, group, row, corners) {
  const centre = middle(row.parts);
  if (!isApart(map, centre, corners)) return;
  handle(map, group, centre, {
    kind: "whole", key: "whole", name: t("pen.whole"),
    onMove: (start, [lon, lat]) => ({ parts: shifted(start.parts, lon - centre[0], lat - centre[1]) }),
  });
}

/** Beside the middle of a circle, or beside the middle of a corridor's first side. */
function radius(map, group, row) {
  const [line] = row.parts[0];
  const metres = row.radius_m ?? 0;
  handle(map, group, rimOf(line, metres), {
    kind: "radius", key: "radius", name: t("pen.radius", { n: Math.round(metres) }),
    onMove: (_, point) => ({ radius_m: metresOf(row.shape === "circle" ? distanceM(line[0], point) : fromLineM(point, line)) }),
  });
}

/** Return a radius in metres as it is stored: to a decimetre, one metre at least. */
export function metresOf(metres) {
  return Math.max(1, Math.round(metres * 10) / 10);
}

function rimOf([from, to], metres) {
  if (!to) return beside(from, metres, 0);
  const length = distanceM(from, to) || 1;
  const north = beside(from, 0, 1)[1] - from[1];
  const east = beside(from, 1, 0)[0] - from[0];
  const along = [(to[0] - from[0]) / east / length, (to[1] - from[1]) / north / length];
  return beside([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], along[1] * metres, -along[0] * metres);
}

/**
 * Put one handle on the map.
 * @param {object} facts `onMove(start, point)` returns the fields of a draft for the handle at
 *     a point; `onPress` is what Enter and a click do.
 */
function handle(map, group, [lon, lat], { kind, key, name, isChosen = false, onMove, onPress = null }) {
  const size = SIZE[kind];
  const mark = L.marker([lat, lon], {
    pane: "pen-handles", draggable: true, autoPan: true, keyboard: true, title: name, alt: name,
    icon: L.divIcon({ className: `pen-handle pen-${kind}${isChosen ? " chosen" : ""}`, iconSize: [size, size], html: "<i></i>" }),
  });
  let start = null;
  const place = () => onMove(start ?? draft.value, rounded([mark.getLatLng().lng, mark.getLatLng().lat]));
  mark.on("dragstart", () => {
    start = draft.value;
    mark.getElement().classList.add("held");
    held.set(true);
  });
  mark.on("drag", () => redrawing(place()));
  mark.on("dragend", () => {
    const fields = place();
    const from = start;
    start = null;
    held.set(false);
    redrawn(fields, from);
  });
  if (onPress) mark.on("click", onPress);
  mark.addTo(group);
  const node = mark.getElement();
  Object.assign(node.dataset, { key });
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", name);
  node.addEventListener("keydown", (event) => keyed(map, mark, event, { key, onMove, onPress }));
  return mark;
}

function keyed(map, mark, event, { key, onMove, onPress }) {
  if (event.key === "Enter" && onPress) onPress();
  else if (ARROWS[event.key]) nudge(map, mark, ARROWS[event.key], event.shiftKey ? LEAP_PX : STEP_PX, onMove);
  else if ((event.key === "Delete" || event.key === "Backspace") && /^\d/.test(key)) {
    const [part, ring, at] = key.split("-").map(Number);
    drop({ part, ring, at });
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function nudge(map, mark, [dx, dy], px, onMove) {
  const at = map.latLngToContainerPoint(mark.getLatLng()).add([dx * px, dy * px]);
  const { lng, lat } = map.containerPointToLatLng(at);
  redrawn(onMove(draft.value, rounded([lng, lat])));
}

/** Tell whether a point is clear of the corners, so that a finger can tell them apart. */
function isApart(map, [lon, lat], corners) {
  const here = map.latLngToContainerPoint([lat, lon]);
  return corners.every(({ point }) => here.distanceTo(map.latLngToContainerPoint([point[1], point[0]])) > SIZE.corner);
}
