// The bar at the top: figures of the city, the state of the stream, who is logged in.

import { remove } from "./api.js";
import { health, words } from "./city.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { unpressed } from "./press.js";
import { route } from "./route.js";
import { link } from "./stream.js";
import { switchTheme, theme } from "./theme.js";
import { clock, day } from "./times.js";
import { said, side, switchLanguage, t, tongue } from "./words.js";

const KINDS = ["cover", "lamp", "cabinet", "pressure", "gauge", "vehicle", "platform"];
const STALE_S = 10;
let unwatch = [];

/** Show the bar for a session; `onLeave` is called when it ends. */
export function showBar(session, onLeave) {
  unwatch.forEach((stop) => stop());
  const place = document.getElementById("bar");
  const figures = el("div.figures", { role: "group" });
  const state = el("div.link", { role: "status" });
  const time = el("div.clock");
  const draw = () => {
    fill(place, brand(), figures, el("div.bar-end", {}, state, time, ...switches(session, onLeave)));
    drawFigures(figures);
    drawLink(state);
    drawTime(time);
  };
  unwatch = [
    tongue.watch(draw),
    words.watch(draw),
    theme.watch(draw),
    health.watch(unpressed(() => { drawFigures(figures); drawLink(state); })),
    link.watch(() => drawLink(state)),
    every(1000, () => { drawTime(time); drawLink(state); }),
  ];
  drawTime(time);
}

function brand() {
  return el(
    "div.brand", {},
    el("img", { src: "/page/icon.svg", width: 30, height: 30, alt: "" }),
    el("strong", { text: t("brand") }),
  );
}

function drawFigures(place) {
  const rank = ({ kind }) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);
  fill(place, [...(health.value?.devices ?? [])].sort((a, b) => rank(a) - rank(b)).map(figure));
}

function figure(row) {
  const low = percent(row.ok_share_low);
  const high = percent(row.ok_share_high);
  const title = low === high ? t("share", { low }) : t("share.range", { low, high });
  const parts = ["ok", "bad", "unknown"].map((state) => `${t(`state.${state}`)} ${row[state]}`);
  const lights = row.kind === "lamp" || row.kind === "cabinet";
  const opens = lights ? { type: "button", on: { click: () => route.open("lighting", 0) } } : {};
  return el(
    lights ? "button.figure" : "div.figure", { ...opens, title: `${t(`kind.${row.kind}`, {}, row.kind)}：${parts.join("，")}。${title}` },
    icon(row.kind, 18),
    el("div.figure-words", {},
      el("span.figure-name", { text: t(`kind.${row.kind}`, {}, row.kind) }),
      el("span.figure-numbers", {},
        el("b", { text: row.ok }),
        row.bad ? el("b.bad", { text: row.bad, "data-mark": "bad" }) : null,
        row.unknown ? el("b.unknown", { text: row.unknown, "data-mark": "unknown" }) : null)),
    bars(row),
  );
}

function bars(row) {
  const bar = el("div.bars", { "aria-hidden": "true" });
  for (const state of ["ok", "bad", "unknown"]) {
    const part = el(`i.${state}`);
    part.style.flexGrow = row[state];
    part.hidden = !row[state];
    bar.append(part);
  }
  return bar;
}

function drawLink(place) {
  const { state } = link.value;
  const still = stillness();
  const shown = state === "live" && still > STALE_S ? "stale" : state;
  place.dataset.state = shown;
  place.title = t("link.live.title");
  fill(place, el("i", { "aria-hidden": "true" }), el("span", { text: t(`link.${shown}`, { s: Math.round(still) }) }));
}

/** Return how many seconds the platform's own clock stands behind ours. */
function stillness() {
  const figures = health.value;
  if (!figures) return 0;
  return (Date.parse(figures.now) - Date.parse(figures.heard_at)) / 1000;
}

function drawTime(place) {
  const now = Date.now();
  fill(place, el("b", { text: clock(now) }), el("span", { text: day(now) }));
}

function switches(session, onLeave) {
  const dark = theme.value === "dark";
  return [
    button("open-rules", t("rules.title"), () => route.open("rules", 0), icon("rules")),
    button("switch-language", t("language.title"), switchLanguage, el("span", { text: t("language") })),
    button("switch-theme", t(dark ? "theme.light" : "theme.dark"), switchTheme, icon(dark ? "sun" : "moon")),
    el("div.who", {}, el("b", { text: session.name }), el("span", { text: scope(session) })),
    button("log-out", t("logout"), async () => { await remove("/session").catch(() => null); onLeave(); }, icon("out")),
  ];
}

function scope(session) {
  const role = side(words.value?.roles[session.role], session.role);
  return session.unit_code ? `${role} · ${said(session, "unit")}` : role;
}

function button(name, title, click, child) {
  return el(`button.quiet.${name}`, { type: "button", title, "aria-label": title, on: { click } }, child);
}

function percent(share) {
  return `${(share * 100).toFixed(share === 1 ? 0 : 1)}%`;
}

function every(ms, action) {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
}
