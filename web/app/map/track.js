// A vehicle's track: coloured by speed, gaps drawn as gaps, ends marked, a moment shown.

import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { theme } from "../theme.js";
import { clock } from "../times.js";
import { trip } from "../trip.js";
import { t, tongue } from "../words.js";
import { palette } from "./palette.js";
import { showProof } from "./proof.js";

/** Upper limits of the speed bands in km/h; the last band is open. */
export const BANDS = [3, 20, 40, 60, 80];

/** Show the chosen track on a map, and what proves an open explanation. */
export function showTracks(map) {
  const renderer = L.canvas({ pane: "tracks", padding: 0.5 });
  const lines = L.layerGroup([], { pane: "tracks" }).addTo(map);
  const moment = L.circleMarker([0, 0], { renderer, pane: "tracks", radius: 8, interactive: false });
  const draw = () => {
    lines.clearLayers();
    if (trip.value) drawTrack(lines, renderer, trip.value.track);
  };
  let shown = null;
  trip.watch((value) => {
    if (value?.track !== shown) {
      shown = value?.track ?? null;
      draw();
      if (shown?.segments.length) requestAnimationFrame(() => frame(map, shown));
    }
    point(map, moment, value);
  });
  theme.watch(draw);
  tongue.watch(draw);
  showProof(map);
}

/** Bring the whole track into view, above its bar. */
function frame(map, track) {
  map.invalidateSize({ pan: false });
  const side = Math.min(60, map.getSize().x / 8);
  const below = document.getElementById("track").offsetHeight + 24;
  map.fitBounds(L.latLngBounds(track.segments.flatMap(points)), {
    paddingTopLeft: [side, 30], paddingBottomRight: [side, below], maxZoom: 17,
  });
}

/** Return which band a speed is in; standing where it was not sent. */
export function band(kmh) {
  const found = BANDS.findIndex((limit) => (kmh ?? 0) < limit);
  return found < 0 ? BANDS.length : found;
}

function drawTrack(lines, renderer, track) {
  const style = { renderer, pane: "tracks", interactive: false };
  const whole = track.segments.map((part) => points(part));
  if (track.area) {
    const area = { color: palette().accent, weight: 1.5, dashArray: "5 5", fillOpacity: 0.06 };
    L.geoJSON(track.area, { ...style, style: area }).addTo(lines);
  }
  const casing = L.polyline(whole, { ...style, color: palette()["map-halo"], weight: 8, opacity: 0.85 });
  lines.addLayer(casing);
  for (const part of track.segments) runs(part).forEach((run) => lines.addLayer(
    L.polyline(run.points, { ...style, color: palette()[`track-${run.band}`], weight: 4, lineCap: "round" }),
  ));
  track.gaps.forEach((gap, i) => drawGap(lines, style, gap, [whole[i].at(-1), whole[i + 1][0]]));
  if (whole.length) ends(lines, style, track, whole);
}

function points(part) {
  return part.lon.map((lon, i) => [part.lat[i], lon]);
}

function runs(part) {
  const all = points(part);
  const found = [];
  all.slice(1).forEach((_, i) => {
    const now = band(part.speed_kmh[i + 1]);
    if (found.at(-1)?.band === now) found.at(-1).points.push(all[i + 1]);
    else found.push({ band: now, points: [all[i], all[i + 1]] });
  });
  return found;
}

function drawGap(lines, style, gap, between) {
  const words = t("track.gap", {
    from: clock(gap.from_us / 1000), to: clock(gap.to_us / 1000), m: Math.round(gap.apart_m),
  });
  L.polyline(between, { ...style, interactive: true, color: palette().unknown, weight: 2, dashArray: "2 7" })
    .bindTooltip(words, { sticky: true }).addTo(lines);
  for (const end of between) {
    L.circleMarker(end, { ...style, radius: 4, color: palette().unknown, weight: 2, fillColor: palette()["map-land"], fillOpacity: 1 }).addTo(lines);
  }
}

function ends(lines, style, track, whole) {
  const first = track.segments[0].fixed_us[0] / 1000;
  const last = track.segments.at(-1).fixed_us.at(-1) / 1000;
  const mark = (at, color, words) => L.circleMarker(at, {
    ...style, interactive: true, radius: 7, color: palette()["map-halo"], weight: 2.5, fillColor: color, fillOpacity: 1,
  }).bindTooltip(words, { permanent: true, direction: "right", offset: [8, 0], className: "track-end" }).addTo(lines);
  mark(whole[0][0], palette().ok, t("track.start", { at: clock(first) }));
  mark(whole.at(-1).at(-1), palette().bad, t("track.end", { at: clock(last) }));
}

function point(map, moment, value) {
  if (!value?.here) {
    moment.remove();
    return;
  }
  moment.setStyle({ color: palette().panel, weight: 3, fillColor: palette().accent, fillOpacity: 1 });
  moment.setLatLng([value.here.lat, value.here.lon]).addTo(map).bringToFront();
}
