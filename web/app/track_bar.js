// Below the map while a track is on show: its figures, a scrubber, and playing it.

import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { BANDS, band } from "./map/track.js";
import { clock, span as inWords } from "./times.js";
import { closeTrip, lookAt, span, trip } from "./trip.js";
import { t, tongue } from "./words.js";

const TIMES_REAL = 60; // a minute of the track passes in a second
const FRAME_MS = 50;
let playing = 0;

/** Show the bar whenever there is a track. */
export function watchTrack(place) {
  const draw = () => {
    clearInterval(playing);
    playing = 0;
    place.hidden = !trip.value;
    if (trip.value) fill(place, head(trip.value.track), ...body(trip.value.track));
  };
  let shown = null;
  trip.watch((value) => {
    if ((value?.track ?? null) !== shown) {
      shown = value?.track ?? null;
      draw();
    }
    if (value?.track.segments.length) update(place, value);
  });
  tongue.watch(() => {
    draw();
    if (trip.value?.track.segments.length) update(place, trip.value);
  });
}

function head(track) {
  const seconds = track.gaps.reduce((sum, gap) => sum + (gap.to_us - gap.from_us) / 1e6, 0);
  const facts = track.segments.length ? [
    t("track.length", { km: (track.distance_m / 1000).toFixed(1) }),
    t("track.fixes", { n: track.fixes }),
    track.gaps.length ? t("track.gaps", { n: track.gaps.length, time: inWords(seconds) }) : t("track.nogaps"),
  ] : [];
  const title = track.segments.length ? "track.today" : "track.none";
  return el("div.track-head", {},
    icon("route"), el("strong", { text: t(title, { code: track.code }) }),
    el("span.track-facts", { text: facts.join(" · ") }),
    el("button.quiet", { type: "button", title: t("track.close"), "aria-label": t("track.close"), on: { click: closeTrip } }, icon("close")));
}

function body(track) {
  if (!track.segments.length) return [];
  const [first, last] = span(track);
  const range = el("input", {
    type: "range", min: first, max: last, step: 1_000_000, "aria-label": t("track.at"),
    on: { input: () => { stop(); lookAt(Number(range.value)); } },
  });
  return [
    el("div.track-scrub", {},
      el("button.quiet.track-play", { type: "button", on: { click: () => (playing ? stop() : play()) } }),
      el("div.track-range", {}, gapsOf(track), range),
      el("output.track-moment")),
    scale(),
  ];
}

/** Mark the gaps on the scrubber. */
function gapsOf(track) {
  const [first, last] = span(track);
  const place = el("div.track-gaps", { "aria-hidden": "true" });
  for (const gap of track.gaps) {
    const mark = el("i");
    mark.style.left = `${(100 * (gap.from_us - first)) / (last - first)}%`;
    mark.style.width = `${(100 * (gap.to_us - gap.from_us)) / (last - first)}%`;
    place.append(mark);
  }
  return place;
}

function scale() {
  const words = [t("speed.0"), ...BANDS.slice(0, -1).map((from, i) => `${from}–${BANDS[i + 1]}`), `>${BANDS.at(-1)}`];
  return el("div.track-scale", {},
    words.map((text, i) => el("span", { "data-band": i }, el("i"), text)), el("span", { text: "km/h" }));
}

function update(place, { at, here }) {
  place.querySelector("input").value = at;
  const kmh = here?.speed_kmh;
  const words = here ? (kmh === null ? "" : `${Math.round(kmh)} km/h`) : t("track.gone");
  fill(place.querySelector(".track-moment"),
    el("b", { text: clock(at / 1000) }), el("span", { text: words, "data-band": here ? band(kmh) : "" }));
  const button = place.querySelector(".track-play");
  const label = t(playing ? "track.pause" : "track.play");
  if (button.title === label) return; // drawn anew under a press, it could not be pressed
  button.title = label;
  button.setAttribute("aria-label", label);
  fill(button, icon(playing ? "pause" : "play"));
}

function play() {
  const { track, at } = trip.value;
  const [first, last] = span(track);
  if (at >= last) lookAt(first);
  playing = setInterval(() => {
    const next = trip.value.at + FRAME_MS * TIMES_REAL * 1000;
    if (next >= last) stop();
    lookAt(Math.min(next, last));
  }, FRAME_MS);
}

function stop() {
  if (!playing) return;
  clearInterval(playing);
  playing = 0;
  if (trip.value) trip.touch();
}
