// Times as people read them, in the city's own time zone.

import { locale, t } from "./words.js";

let zone = "Asia/Shanghai";

/** Show times in this zone from now on. */
export function useZone(name) {
  zone = name;
}

/** Return hours, minutes and seconds. */
export function clock(at) {
  return shown(at, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** Return hours and minutes. */
export function hours(at) {
  return shown(at, { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** Return month, day, hours, minutes and seconds. */
export function moment(at) {
  return `${shown(at, { month: "2-digit", day: "2-digit" })} ${clock(at)}`;
}

/** Return the date with its weekday. */
export function day(at) {
  return shown(at, { year: "numeric", month: "2-digit", day: "2-digit", weekday: "short" }).replace(/(\d)(周)/, "$1 $2");
}

/** Return the first moment of the city's day that holds `now`. */
export function midnight(now = Date.now()) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(now);
  const [h, m, s] = ["hour", "minute", "second"].map((kind) => Number(parts.find((part) => part.type === kind).value));
  return new Date(Math.floor(now / 1000) * 1000 - (h * 3600 + m * 60 + s) * 1000);
}

/** Return a span of seconds in one or two words. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 5) return t("age.now");
  if (s < 60) return t("age.s", { n: s });
  if (s < 3600) return t("age.m", { n: Math.floor(s / 60) });
  if (s < 86400) return joined([t("age.h", { n: Math.floor(s / 3600) }), part("age.m", Math.floor((s % 3600) / 60))]);
  return joined([t("age.d", { n: Math.floor(s / 86400) }), part("age.h", Math.floor((s % 86400) / 3600))]);
}

/** Return how long ago something was. */
export function ago(at, now = Date.now()) {
  const seconds = (now - new Date(at).getTime()) / 1000;
  return seconds < 5 ? t("age.now") : t("ago", { age: span(seconds) });
}

function part(key, n) {
  return n ? t(key, { n }) : "";
}

function joined(parts) {
  return parts.filter(Boolean).join(" ");
}

function shown(at, options) {
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options }).format(new Date(at));
}
