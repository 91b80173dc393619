// The pen: while a geofence is drawn the map takes corners instead of opening what is on it.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { addCorner, canFinish, draft, drop, finish, giveUp, held, note, redrawing, redrawn, undo } from "../fences/draft.js";
import { distanceM, rounded } from "../fences/measure.js";
import { notify } from "../notices.js";
import { route } from "../route.js";
import { mayDraw } from "../session.js";
import { theme } from "../theme.js";
import { t, tongue } from "../words.js";
import { drawHandles, focusHandle, metresOf } from "./pen_handles.js";
import { drawDraft } from "./pen_shapes.js";
import { showTools } from "./pen_tools.js";

const NEAR_PX = 12; // a click this near to the first corner closes the ring
const SAME_PX = 5; // a click this near to the last one is the same click again
const FIRST_RADIUS_PX = 60; // of a circle whose middle was only clicked
const WRITING = "input, textarea, select";

/** Tell whether the pen is out. */
export function isOut() {
  return route.value?.kind === "pen" && draft.value !== null && mayDraw();
}

/** Let geofences be drawn on a map. */
export function showPen(map) {
  const shapes = L.layerGroup([], { pane: "pen" }).addTo(map);
  const handles = L.layerGroup([], { pane: "pen-handles" }).addTo(map);
  const room = document.getElementById("room");
  let pointer = null;
  const draw = () => {
    room.classList.toggle("drawing", isOut());
    map.getContainer().classList.toggle("pen-drawing", isOut() && draft.value.doing !== "edit");
    map.doubleClickZoom[isOut() ? "disable" : "enable"]();
    if (!isOut()) {
      shapes.clearLayers();
      handles.clearLayers();
      return;
    }
    drawDraft(map, shapes, draft.value, pointer);
    if (held.value) return;
    const focused = document.activeElement?.dataset?.key;
    drawHandles(map, handles, draft.value);
    focusHandle(focused);
  };
  [draft, route, theme, tongue].forEach((signal) => signal.watch(draw));
  held.watch((yes) => map.getContainer().classList.toggle("pen-holding", yes));
  map.on("zoomend moveend", draw);
  map.on("mousemove", ({ latlng }) => {
    pointer = [latlng.lng, latlng.lat];
    if (isOut() && draft.value.path.length) drawDraft(map, shapes, draft.value, pointer);
  });
  map.on("mouseout", () => { pointer = null; });
  map.on("click", (event) => isOut() && clicked(map, event));
  map.on("dblclick", () => isOut() && draft.value.path.length && close());
  pressed(map);
  addEventListener("keydown", (event) => isOut() && keyed(map, event), { capture: true });
  showTools(document.getElementById("stage"), { isOut, close });
}

function clicked(map, { latlng, originalEvent }) {
  const { doing, shape, path, chosen } = draft.value;
  if (doing === "edit") {
    if (chosen) note({ chosen: null });
    return;
  }
  if (shape === "circle" || originalEvent?.detail > 1) return; // a circle is pressed; the second click of two closes
  const isNear = (point, px) => map.latLngToContainerPoint([point[1], point[0]]).distanceTo(map.latLngToContainerPoint(latlng)) <= px;
  if (path.length && isNear(path.at(-1), SAME_PX)) {
    if (shape === "corridor") close();
    return;
  }
  if (shape === "polygon" && path.length > 2 && isNear(path[0], NEAR_PX)) close();
  else addCorner([latlng.lng, latlng.lat]);
}

/** Close the path, or say why it cannot be. */
function close() {
  const { doing } = draft.value;
  if (finish()) return;
  const isShort = !canFinish(draft.value);
  notify(t(isShort ? "pen.short" : doing === "hole" ? "pen.outside" : "pen.short"), { tone: "major", key: "pen" });
}

/** A circle: pressed in its middle, let go at its border; a click alone gives it a size to change. */
function pressed(map) {
  const place = map.getContainer();
  let centre = null;
  const isMine = () => isOut() && draft.value.shape === "circle" && draft.value.doing !== "edit";
  const pointAt = (event) => {
    const { lng, lat } = map.mouseEventToLatLng(event);
    return [lng, lat];
  };
  place.addEventListener("pointerdown", (event) => {
    if (!isMine() || event.button || event.target.closest(".leaflet-control")) return;
    map.dragging.disable();
    centre = { point: rounded(pointAt(event)), x: event.clientX, y: event.clientY, from: draft.value };
    event.preventDefault();
  });
  const radius = (event) => {
    const px = Math.hypot(event.clientX - centre.x, event.clientY - centre.y);
    if (px > SAME_PX) return metresOf(distanceM(centre.point, pointAt(event)));
    const away = map.mouseEventToLatLng({ clientX: centre.x + FIRST_RADIUS_PX, clientY: centre.y });
    return centre.from.radius_m ?? metresOf(Math.round(distanceM(centre.point, [away.lng, away.lat])));
  };
  addEventListener("pointermove", (event) => centre && redrawing({ parts: [[[centre.point]]], radius_m: radius(event) }));
  const letGo = (event) => {
    if (!centre) return;
    const fields = { parts: [[[centre.point]]], radius_m: radius(event), doing: "edit" };
    const { from } = centre;
    centre = null;
    map.dragging.enable();
    redrawn(fields, from);
  };
  addEventListener("pointerup", letGo);
  addEventListener("pointercancel", () => {
    if (!centre) return;
    draft.set(centre.from);
    centre = null;
    map.dragging.enable();
  });
}

function keyed(map, event) {
  if (event.target.closest?.(WRITING)) return;
  const { doing, path, chosen } = draft.value;
  const onMap = map.getContainer().contains(event.target) || event.target === document.body;
  if ((event.ctrlKey || event.metaKey) && event.key === "z") undo();
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "Escape" && chosen) note({ chosen: null });
  else if (event.key === "Escape" && (path.length || (doing !== "edit" && draft.value.parts.length))) giveUp();
  else if (event.key === "Enter" && onMap && path.length) close();
  else if (event.key === "Backspace" && path.length) undo();
  else if ((event.key === "Delete" || event.key === "Backspace") && chosen) drop(chosen);
  else if (event.key === " " && onMap && doing !== "edit") addAtCentre(map);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** By keyboard: arrows move the map, the space bar puts a corner in its middle. */
function addAtCentre(map) {
  const { lng, lat } = map.getCenter();
  map.getContainer().classList.add("pen-by-key");
  if (draft.value.shape === "circle") note({ radius_m: draft.value.radius_m ?? 100 });
  addCorner([lng, lat]);
}
