// The map: panes from the ground up, and where to look.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { get } from "../api.js";
import { cases, devices, vehicles } from "../city.js";
import { route } from "../route.js";
import { t, tongue } from "../words.js";
import { showDevices } from "./devices.js";
import { showFences } from "./fences.js";
import { showGround } from "./ground.js";
import { showNames } from "./names.js";
import { showPen } from "./pen.js";
import { showPins } from "./pins.js";
import { showTracks } from "./track.js";
import { showVehicles } from "./vehicles.js";

const PANES = ["ground", "names", "fences", "devices", "tracks", "vehicles"];
const PEN_PANES = { pen: 630, "pen-handles": 640 }; // above the pins, below what is said of them
const CLOSE_UP = 17.5;
const NOWHERE = [35.02, 111];

/** Make the map in `place` and everything on it. */
export async function showMap(place) {
  const [basemap, grid] = await Promise.all([get("/basemap"), get("/grid")]);
  const map = L.map(place, {
    preferCanvas: true, zoomControl: false, attributionControl: false, zoomSnap: 0.25,
    zoomDelta: 0.5, wheelPxPerZoomLevel: 110, minZoom: 11, maxZoom: 20, maxBoundsViscosity: 0.7,
  });
  PANES.forEach((name, i) => {
    map.createPane(name).style.zIndex = 200 + 50 * i;
  });
  for (const [name, z] of Object.entries(PEN_PANES)) map.createPane(name).style.zIndex = z;
  for (const name of ["ground", "names", "fences"]) map.getPane(name).style.pointerEvents = "none";
  map.setView(NOWHERE, 14);
  const city = showGround(map, basemap, grid);
  if (city) {
    map.setMaxBounds(city.pad(0.6));
    home(map, city);
  }
  showNames(map, basemap, grid);
  showDevices(map);
  showFences(map);
  showTracks(map);
  showVehicles(map);
  showPins(map);
  showPen(map);
  addControls(map, city);
  route.watch((open) => open && look(map, open));
  L.control.scale({ imperial: false, position: "bottomright", maxWidth: 90 }).addTo(map);
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(place);
}

function home(map, city) {
  map.fitBounds(city, { padding: [18, 18], animate: false });
}

/** Bring what is open into view, if it is not. */
function look(map, { kind, id }) {
  const row = kind === "case" ? cases.value.get(id) : vehicles.value.get(id) ?? devices.value.get(id);
  if (!row || row.lon === null || row.lon === undefined) return;
  const at = L.latLng(row.lat, row.lon);
  const inside = map.getBounds().pad(-0.15).contains(at);
  const zoom = Math.max(map.getZoom(), kind === "case" ? CLOSE_UP : map.getZoom());
  if (!inside || zoom > map.getZoom()) map.flyTo(at, zoom, { duration: 0.7 });
}

function addControls(map, city) {
  const zoom = L.control.zoom({ position: "bottomright" }).addTo(map);
  const button = L.DomUtil.create("a", "zoom-home", zoom.getContainer());
  Object.assign(button, { href: "#", textContent: "⌂" });
  button.setAttribute("role", "button");
  L.DomEvent.on(button, "click", (event) => {
    L.DomEvent.stop(event);
    if (city) home(map, city);
  });
  tongue.watch(() => {
    const names = { ".leaflet-control-zoom-in": "zoom.in", ".leaflet-control-zoom-out": "zoom.out", ".zoom-home": "zoom.home" };
    for (const [selector, key] of Object.entries(names)) {
      const found = zoom.getContainer().querySelector(selector);
      found.title = t(key);
      found.setAttribute("aria-label", t(key));
    }
  });
}
